# Uploads → output lines.
from libc.stdint cimport uint8_t, uint64_t

from spcore.buffer cimport Buffer
from spcore.uploads cimport Finished, UploadQueue

cdef class LineFormat:
    cdef uint64_t max_line
    cdef uint64_t max_number
    cdef uint64_t piece_bytes
    cdef bint json
    cdef bint terminal
    cdef readonly uint64_t lines
    cdef readonly uint64_t lines_too_long
    cdef readonly uint64_t lines_without_number
    cdef Buffer out
    cdef uint64_t offset            # in the body of the first finished upload: what was formatted already
    cdef bint failed                # out of memory
    cdef uint64_t json_head(self, const Finished* item) noexcept nogil
    cdef uint64_t upload(self, const Finished* item, uint64_t start) noexcept nogil
    cdef object format(self, UploadQueue* uploads)
