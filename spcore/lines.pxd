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
    cdef bint failed
    cdef void reserve(self, uint64_t more) noexcept nogil
    cdef void escape(self, const uint8_t* data, uint64_t length) noexcept nogil
    cdef void json_line(self, const uint8_t* line, uint64_t length) noexcept nogil
    cdef void text_line(self, const uint8_t* line, uint64_t length) noexcept nogil
    cdef void upload(self, const Finished* item) noexcept nogil
    cdef bytes format(self, Finals* finals)
