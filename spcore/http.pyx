"""HTTP requests in a byte stream with holes → uploads (RFC 9112, as much of it as an upload needs).

States of a Parser:

    SEEK     framing unknown (start of capture, behind a hole): looking for a line that is a request line
    START    framing known: the next line is a request line
    HEADERS  until the empty line
    BODY     Content-Length bytes
    SIZE, CHUNK, CHUNK_END, TRAILER    chunked body

The rules that make a hole harmless: nothing crosses it. A line that a hole touched is never given out; lines before
and behind it in the same body are, marked incomplete, as long as the position in the body is certain; where it is not,
the upload ends and SEEK begins. A body longer than `max_body_part` is given out in parts cut behind a line.

Nothing here fails: a request that cannot be understood or kept is counted, and the next one is looked for.
"""
from libc.string cimport memchr, memset

from spcore.buffer cimport buffer_append, buffer_free, buffer_reserve
from spcore.http_syntax cimport Request, parse_chunk_size, parse_header, parse_request_line
from spcore.uploads cimport uploads_add

cdef enum:
    SEEK, START, HEADERS, BODY, SIZE, CHUNK, CHUNK_END, TRAILER

cdef enum:
    USUAL_BODY = 4096           # a roof of 24 inverters sends 3.25 kB


cdef uint64_t whole_lines(const Buffer* body) noexcept nogil:
    """Length of the buffer up to and with its last LF."""
    cdef uint64_t size = body.size
    while size > 0 and body.data[size - 1] != c'\n':
        size -= 1
    return size


# Bodies -------------------------------------------------------------------------------------------------------------

cdef void give_out(Parser* self, HttpContext* context, uint64_t size) noexcept nogil:
    """The body's first `size` bytes become an upload; the rest stays."""
    if not uploads_add(&context.uploads, &self.path, &self.body, size, not self.incomplete, &context.memory):
        context.counters.out_of_memory += 1
        self.body.size = 0
        self.incomplete = self.in_partial_line = True


cdef void finish_upload(Parser* self, HttpContext* context, bint whole) noexcept nogil:
    """The body is over, or (`whole` False) cut off: queues it as an upload, or its whole lines if bytes are missing."""
    cdef uint64_t size
    if not self.is_upload:
        return
    self.is_upload = False
    if not whole:
        self.incomplete = True
    # The last line of a whole body needs no LF, unless its beginning was lost.
    size = self.body.size if whole and not self.in_partial_line else whole_lines(&self.body)
    if size > 0:
        self.body.size = size
        if self.incomplete:
            context.counters.uploads_incomplete += 1
        else:
            context.counters.uploads_complete += 1
        give_out(self, context, size)
    elif self.parts:
        pass
    elif self.incomplete:
        context.counters.uploads_lost += 1
    else:
        context.counters.uploads_empty += 1
    buffer_free(&self.body, &context.memory)
    buffer_free(&self.path, &context.memory)


cdef void body_bytes(Parser* self, HttpContext* context, const uint8_t* data, uint64_t length) noexcept nogil:
    """Bytes that certainly belong to an upload's body."""
    cdef const uint8_t* line_end
    cdef uint64_t size
    # Behind a hole nothing is kept before the next line begins.
    if self.in_partial_line:
        line_end = <const uint8_t*>memchr(data, c'\n', length)
        if line_end == NULL:
            return
        length -= (line_end - data) + 1
        data = line_end + 1
        self.in_partial_line = False
    if not buffer_append(&self.body, &context.memory, data, length):
        # Not even evicting others made room (delivery tried): the rest of this line is lost.
        context.counters.out_of_memory += 1
        self.incomplete = self.in_partial_line = True
        self.body.size = whole_lines(&self.body)
        return
    # Too long to hold: the whole lines go out as a part of it.
    if self.body.size > context.max_body_part:
        size = whole_lines(&self.body)
        if size == 0:
            context.counters.lines_endless += 1
            self.body.size = 0
            self.in_partial_line = True
        else:
            context.counters.body_parts += 1
            self.parts = True
            give_out(self, context, size)


cdef void body_done(Parser* self, HttpContext* context) noexcept nogil:
    """`remaining` reached 0: of the body, or of one chunk."""
    if self.state == CHUNK:
        self.head_size = 0
        self.state = CHUNK_END
    else:
        finish_upload(self, context, True)
        self.state = START


# Framing ------------------------------------------------------------------------------------------------------------

cdef void seek(Parser* self, HttpContext* context, bint resync) noexcept nogil:
    """Framing is lost: from here on only a request line is believed."""
    buffer_free(&self.line, &context.memory)
    buffer_free(&self.path, &context.memory)
    buffer_free(&self.body, &context.memory)
    self.state = SEEK
    self.is_upload = False
    self.head_size = 0
    self.overlong = False
    self.resync = self.resync or resync


cdef void give_up(Parser* self, HttpContext* context) noexcept nogil:
    """The request at hand makes no sense any more: its whole lines go out, then the next one is looked for."""
    finish_upload(self, context, False)
    seek(self, context, True)


cdef bint request_line(Parser* self, HttpContext* context, const uint8_t* line, uint64_t size) noexcept nogil:
    """True when the line begins a request, for which the parser is then made ready."""
    cdef Request request
    if not parse_request_line(line, size, context.max_path, &request):
        return False
    context.counters.requests += 1
    self.path.size = self.body.size = 0
    self.remaining = 0
    self.incomplete = self.in_partial_line = self.parts = False
    memset(&self.framing, 0, sizeof(Framing))
    self.is_upload = request.is_upload
    if self.is_upload and not buffer_append(&self.path, &context.memory, request.target, request.target_size):
        context.counters.out_of_memory += 1
        self.is_upload = False
    if not self.is_upload:
        context.counters.requests_skipped += 1
    return True


cdef void headers_end(Parser* self, HttpContext* context) noexcept nogil:
    """Decides how the body is framed (RFC 9112 section 6.3: chunked overrides a length)."""
    if self.framing.invalid:
        context.counters.bad_length += 1
        seek(self, context, True)
    elif self.framing.chunked:
        self.state = SIZE
    elif self.framing.has_length:
        self.state = BODY
        self.remaining = self.framing.length
        if self.is_upload:              # one allocation for the usual upload; more than that grows as it comes
            buffer_reserve(&self.body, &context.memory, min(self.remaining, <uint64_t>USUAL_BODY))
        if self.remaining == 0:
            body_done(self, context)
    elif self.is_upload:
        context.counters.no_length += 1
        seek(self, context, True)
    else:
        self.state = START


cdef void take_line(Parser* self, HttpContext* context, const uint8_t* line, uint64_t size) noexcept nogil:
    """One line outside a body, without its LF."""
    if size > 0 and line[size - 1] == c'\r':
        size -= 1
    if self.state == START or self.state == SEEK:
        self.head_size = 0
        if size == 0 and self.state == START:
            return                                  # empty lines before a request (RFC 9112 section 2.2)
        if request_line(self, context, line, size):
            if self.state == SEEK and self.resync:
                context.counters.resynchronised += 1
            self.resync = False
            self.state = HEADERS
        elif self.state == START:
            context.counters.not_http += 1
            seek(self, context, True)
    elif self.state == HEADERS:
        if size == 0:
            headers_end(self, context)
        else:
            parse_header(line, size, context.max_content_length, &self.framing)
    elif self.state == SIZE:
        if not parse_chunk_size(line, size, context.max_content_length, &self.remaining):
            context.counters.bad_length += 1
            give_up(self, context)
        elif self.remaining > 0:
            self.state = CHUNK
        else:
            self.head_size = 0
            self.state = TRAILER
    elif self.state == CHUNK_END:
        if size == 0:
            self.head_size = 0
            self.state = SIZE
        else:                                       # the chunk was longer than it said
            context.counters.bad_length += 1
            give_up(self, context)
    elif self.state == TRAILER and size == 0:
        finish_upload(self, context, True)
        self.state = START


cdef uint64_t line_bytes(Parser* self, HttpContext* context, const uint8_t* data, uint64_t length) noexcept nogil:
    """Consumes up to and with the next LF; returns how many bytes."""
    cdef const uint8_t* line_end = <const uint8_t*>memchr(data, c'\n', length)
    cdef bint ends = line_end != NULL
    cdef uint64_t size = <uint64_t>(line_end - data) if ends else length
    cdef uint64_t used = size + ends

    # A head over the limit ends the request; a line over the limit where none is expected is passed over.
    self.head_size += used
    if self.state != SEEK and self.head_size > context.max_head:
        context.counters.head_too_long += 1
        give_up(self, context)
        self.overlong = not ends
        return used
    if self.state == SEEK and self.line.size + size > context.max_head:
        self.overlong = True
    if self.overlong:
        buffer_free(&self.line, &context.memory)
        self.overlong = not ends
        return used

    # The usual line lies in one segment and is read where it is.
    if ends and self.line.size == 0:
        take_line(self, context, data, size)
        return used

    # One that segments cut is put together first.
    if not buffer_append(&self.line, &context.memory, data, size):
        context.counters.out_of_memory += 1
        give_up(self, context)
        self.overlong = not ends
    elif ends:
        take_line(self, context, self.line.data, self.line.size)
        buffer_free(&self.line, &context.memory)
    return used


# The parser's entries -----------------------------------------------------------------------------------------------

cdef void http_limits(HttpContext* self, object limits, uint64_t memory_limit):
    """Sets the limits and the budget of all parsers of a zeroed context."""
    self.memory.limit = memory_limit
    self.max_head = limits.max_head
    self.max_path = limits.max_path
    self.max_content_length = limits.max_content_length
    self.max_body_part = limits.max_body_part


cdef void http_init(Parser* self, bint certain) noexcept nogil:
    """`certain`: the stream is seen from its first byte on. `self` must hold no memory."""
    memset(self, 0, sizeof(Parser))
    self.state = START if certain else SEEK


cdef void http_data(Parser* self, HttpContext* context, const uint8_t* data, uint64_t length) noexcept nogil:
    """The stream's next bytes, which stay the caller's. Uploads they complete are queued in `context.uploads`.

    Evicts nothing itself: the caller asked http_needs and made room. Bytes that do not fit are counted out_of_memory.
    """
    cdef uint64_t size
    while length > 0:
        if self.state == BODY or self.state == CHUNK:
            size = min(length, self.remaining)
            self.remaining -= size
            if self.is_upload:
                body_bytes(self, context, data, size)
            if self.remaining == 0:
                body_done(self, context)
        else:
            size = line_bytes(self, context, data, length)
        data += size
        length -= size


cdef void http_hole(Parser* self, HttpContext* context, uint64_t length) noexcept nogil:
    """`length` bytes were lost here."""
    if (self.state == BODY or self.state == CHUNK) and length <= self.remaining:
        # Inside a body the position stays certain: only the lines that the hole touched are lost.
        self.remaining -= length
        if self.is_upload:
            self.body.size = whole_lines(&self.body)
            self.incomplete = self.in_partial_line = True
        if self.remaining == 0:
            body_done(self, context)
        return
    # Anywhere else it may have swallowed a boundary.
    finish_upload(self, context, False)
    seek(self, context, self.state != SEEK)


cdef void http_end(Parser* self, HttpContext* context) noexcept nogil:
    """The stream ended or is given up: whole lines of an unfinished upload go out, and all memory goes back."""
    if self.state in (BODY, SIZE, CHUNK, CHUNK_END, TRAILER):
        finish_upload(self, context, False)
    seek(self, context, False)
