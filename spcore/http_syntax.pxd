# Request line, framing headers, chunk size: one line each.
from libc.stdint cimport uint8_t, uint64_t

# A request line's target, inside that line, without scheme and host.
cdef struct Request:
    const uint8_t* target
    uint64_t target_size
    uint8_t is_upload           # POST to a path of the collector

# How a message says where its body ends.
cdef struct Framing:
    uint8_t chunked
    uint8_t has_length
    uint8_t invalid             # unreadable, absurd or contradicting itself: the body's end is unknown
    uint64_t length

cdef bint parse_request_line(const uint8_t* line, uint64_t size, uint64_t max_path, Request* out) noexcept nogil
cdef void parse_header(const uint8_t* line, uint64_t size, uint64_t max_length, Framing* framing) noexcept nogil
cdef bint parse_chunk_size(const uint8_t* line, uint64_t size, uint64_t max_length, uint64_t* value) noexcept nogil
