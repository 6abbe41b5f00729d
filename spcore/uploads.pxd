from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from spcore.assembler cimport Memory
from spcore.headers cimport Address

# Where one direction of a connection comes from and goes to.
cdef struct Endpoints:
    uint8_t family
    uint16_t source_port
    uint16_t destination_port
    Address source
    Address destination

cdef struct Buffer:
    uint8_t* data
    uint64_t size
    uint64_t capacity

# A finished upload, body and path owned by whoever takes it out of the Outbox (finished_free).
cdef struct Finished:
    int64_t captured_us
    Endpoints ends
    uint8_t complete
    uint8_t* path
    uint64_t path_size
    uint8_t* body
    uint64_t body_size

# Finished uploads on their way out of the loop.
cdef struct Finals:
    Finished* items
    uint32_t count
    uint32_t capacity
    uint64_t bytes                  # allocated for them

cdef struct HttpCounters:
    uint64_t requests               # request lines understood
    uint64_t requests_skipped       # of these, other methods or paths
    uint64_t uploads_complete
    uint64_t uploads_incomplete     # salvaged around a hole or a cut
    uint64_t uploads_lost           # an upload of which no whole line was left
    uint64_t uploads_empty
    uint64_t body_parts
    uint64_t head_too_long
    uint64_t bad_length             # conflicting, absurd or unreadable Content-Length, bad chunk size
    uint64_t no_length
    uint64_t not_http               # bytes where a request line should have been
    uint64_t resynchronised         # request found again after that
    uint64_t lines_endless          # no line end within a whole body part
    uint64_t out_of_memory

# What a parser needs from its surroundings; one per engine, `ends` and `time_us` set before each call.
cdef struct HttpContext:
    Memory* memory
    Finals* finals
    HttpCounters counters
    uint64_t max_head
    uint64_t max_body_part
    int64_t time_us
    Endpoints ends

cdef struct Parser:
    uint8_t state
    uint8_t wanted                  # an upload: POST to the collector's path
    uint8_t incomplete              # bytes of this body were lost
    uint8_t torn                    # inside a line whose beginning was lost: skip to its end
    uint8_t chunked
    uint8_t has_length
    uint8_t bad
    uint8_t parts                   # a part of this body was given out already
    uint8_t overlong                # the current line exceeded the limit: skip to its end
    uint8_t lost                    # searching again after something was understood
    uint64_t remaining              # bytes left of the body or chunk
    uint64_t head_size
    Buffer line
    Buffer path
    Buffer body

cdef void http_init(Parser* self, bint certain) noexcept nogil
cdef void http_data(Parser* self, HttpContext* context, const uint8_t* data, uint64_t length) noexcept nogil
cdef void http_gap(Parser* self, HttpContext* context, uint64_t length) noexcept nogil
cdef void http_end(Parser* self, HttpContext* context) noexcept nogil
cdef inline uint64_t http_needs(const Parser* self, uint64_t length) noexcept nogil:
    """Bytes of budget that `length` more stream bytes may take: buffers double, a new body starts with a page."""
    return 2 * (length + self.body.capacity) + 8192

cdef bint http_holds(const Parser* self) noexcept nogil
cdef void http_free(Parser* self, HttpContext* context) noexcept nogil
cdef void finished_free(Finished* self) noexcept nogil

cdef inline uint64_t finished_size(const Finished* self) noexcept nogil:
    return sizeof(Finished) + self.path_size + self.body_size

cdef enum:
    ENDPOINT_SIZE = 64

cdef uint32_t write_endpoint(uint8_t family, const Address* address, uint16_t port, char* out) noexcept nogil
cdef str endpoint(uint8_t family, const Address* address, uint16_t port)
cdef object to_upload(Finished* item)
