# One direction's HTTP parser, and the state that all parsers share.
from libc.stdint cimport uint8_t, uint64_t

from spcore.buffer cimport Buffer, Memory
from spcore.http_syntax cimport Framing
from spcore.uploads cimport UploadQueue

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

# Shared by all parsers of an engine. `uploads` receives finished uploads, unsigned: a parser does not know whose stream
# it reads.
cdef struct HttpContext:
    UploadQueue uploads
    Memory memory                   # the budget of unfinished uploads
    HttpCounters counters
    uint64_t max_head
    uint64_t max_path
    uint64_t max_content_length
    uint64_t max_body_part

# One direction's parser. `remaining`, `in_partial_line`, `parts` and `body` mean something in a body only, `head_size`,
# `line` and `overlong` outside of one. Unless is_upload, `path` and `body` are empty.
cdef struct Parser:
    uint8_t state
    uint8_t is_upload               # the request at hand is a POST to the collector
    uint8_t incomplete              # bytes of this body were lost
    uint8_t in_partial_line         # the current line's beginning was lost: skip to its end
    uint8_t parts                   # a part of this body was given out already
    uint8_t overlong                # the current line exceeded the limit: skip to its end
    uint8_t resync                  # searching again after something was understood
    uint64_t remaining              # bytes left of the body or chunk
    uint64_t head_size              # of request line and headers, or of trailers
    Framing framing
    Buffer line                     # the beginning of a line that a segment cut
    Buffer path
    Buffer body

cdef void http_init(Parser* self, bint certain) noexcept nogil
cdef void http_data(Parser* self, HttpContext* context, const uint8_t* data, uint64_t length) noexcept nogil
cdef void http_hole(Parser* self, HttpContext* context, uint64_t length) noexcept nogil
cdef void http_end(Parser* self, HttpContext* context) noexcept nogil
cdef void http_limits(HttpContext* self, object limits, uint64_t memory_limit)

cdef inline uint64_t http_needs(const Parser* self, uint64_t length) noexcept nogil:
    """Bytes of budget that `length` more stream bytes may take: buffers double, a new body starts with a page."""
    return 2 * (length + self.body.capacity) + 8192


cdef inline bint http_holds(const Parser* self) noexcept nogil:
    """True while the parser holds memory of the budget."""
    return self.body.capacity + self.path.capacity + self.line.capacity > 0
