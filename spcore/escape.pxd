# Bytes → text that is safe where it is shown.
from libc.stdint cimport uint8_t, uint64_t

from spcore.buffer cimport Buffer

cdef enum:
    ESCAPE_GROWTH = 12      # bytes out per byte in, at most: "\\ud83d\\ude00" for four bytes, "\\udc80" for one

cdef void escape_json(Buffer* out, const uint8_t* data, uint64_t length, bint fields) noexcept nogil
cdef void escape_terminal(Buffer* out, const uint8_t* data, uint64_t length) noexcept nogil
