from libc.stdint cimport uint8_t, uint32_t, uint64_t

from spcore.uploads cimport Finals, Finished

cdef class LineFormat:
    cdef uint64_t max_line
    cdef bint json
    cdef bint terminal
    cdef readonly uint64_t lines
    cdef readonly uint64_t lines_too_long
    cdef readonly uint64_t lines_without_number
    cdef uint8_t* out
    cdef uint64_t size
    cdef uint64_t space
    cdef uint64_t offset            # in the body of the first finished upload: what was formatted already
    cdef bint failed
    cdef void reserve(self, uint64_t more) noexcept nogil
    cdef void json_text(self, const uint8_t* data, uint64_t length, bint fields) noexcept nogil
    cdef void text_line(self, const uint8_t* line, uint64_t length) noexcept nogil
    cdef uint64_t upload(self, const Finished* item, uint64_t start) noexcept nogil
    cdef object format(self, Finals* finals)
