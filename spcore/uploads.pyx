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
"""
from libc.stdio cimport snprintf
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memset

from spcore.assembler cimport memory_resize
from spcore.headers cimport FAMILY_IPV4

cdef extern from "<arpa/inet.h>" nogil:
    enum: AF_INET6
    const char* inet_ntop(int family, const void* address, char* text, unsigned int size)

cdef enum:
    SEEK, START, HEADERS, BODY, SIZE, CHUNK, CHUNK_END, TRAILER

cdef enum:
    MAX_CONTENT_LENGTH = 1 << 30    # a body announced longer is taken for a lie
    MAX_PATH = 512                  # every output line repeats it
    USUAL_BODY = 4096               # 3.25 kB is what a roof of 24 inverters sends

# Uploads go to /Data/SMS2DataCollector.aspx and /Command/SMS2DataCollector.aspx (protocol.md).
cdef const char* COLLECTOR = b"SMS2DataCollector.aspx"
cdef enum:
    COLLECTOR_SIZE = 22


cdef class Upload:
    """One HTTP POST of a PVS: what the capture process stores.

    captured_us: packet time of the segment that completed it, microseconds since 1970 UTC.
    source, destination: "ip:port", IPv6 in brackets. path: the request target. body: record lines as sent.
    complete: False when the body is what whole lines a hole left.
    """
    cdef readonly long long captured_us
    cdef readonly str source
    cdef readonly str destination
    cdef readonly str path
    cdef readonly bytes body
    cdef readonly bint complete

    def __init__(self, long long captured_us, str source, str destination, str path, bytes body, bint complete):
        self.captured_us = captured_us
        self.source = source
        self.destination = destination
        self.path = path
        self.body = body
        self.complete = complete

    def _key(self):
        return self.captured_us, self.source, self.destination, self.path, self.body, self.complete

    def __eq__(self, other):
        return isinstance(other, Upload) and self._key() == (<Upload>other)._key()

    def __hash__(self):
        return hash(self._key())

    def __repr__(self):
        return f"Upload({self.captured_us}, {self.source!r}, {self.destination!r}, {self.path!r}, " \
               f"{len(self.body)} bytes, complete={bool(self.complete)})"


cdef bint append(Buffer* buffer, Memory* memory, const uint8_t* data, uint64_t length) noexcept nogil:
    """False = the budget is spent; nothing was appended."""
    if length == 0:
        return True
    if not reserve(buffer, memory, length):
        return False
    memcpy(buffer.data + buffer.size, data, length)
    buffer.size += length
    return True


cdef bint reserve(Buffer* buffer, Memory* memory, uint64_t length) noexcept nogil:
    """Room for `length` more bytes; False = the budget is spent."""
    cdef uint64_t capacity
    cdef void* grown
    if buffer.size + length > buffer.capacity:
        capacity = max(buffer.capacity, <uint64_t>512)
        while capacity < buffer.size + length:
            capacity *= 2
        grown = memory_resize(memory, buffer.data, buffer.capacity, capacity)
        if grown == NULL:
            return False
        buffer.data = <uint8_t*>grown
        buffer.capacity = capacity
    return True


cdef void release(Buffer* buffer, Memory* memory) noexcept nogil:
    memory_resize(memory, buffer.data, buffer.capacity, 0)
    buffer.data = NULL
    buffer.size = buffer.capacity = 0


cdef inline uint8_t lower(uint8_t c) noexcept nogil:
    return c + 32 if 65 <= c <= 90 else c


cdef bint equals_folded(const uint8_t* data, uint64_t size, const char* word, uint64_t word_size) noexcept nogil:
    cdef uint64_t i
    if size != word_size:
        return False
    for i in range(size):
        if lower(data[i]) != <uint8_t>word[i]:
            return False
    return True


cdef uint64_t whole_lines(const Buffer* body) noexcept nogil:
    """Length of the buffer up to and with its last LF."""
    cdef uint64_t size = body.size
    while size > 0 and body.data[size - 1] != 10:
        size -= 1
    return size


# Handing over -------------------------------------------------------------------------------------------------------

cdef void emit(Parser* self, HttpContext* context, uint64_t size, bint complete) noexcept nogil:
    """Gives out the body's first `size` bytes as an upload and keeps the rest.

    What is finished leaves the budget, so that eviction can always give out what it ends: it lives only until the
    loop's caller takes it, and `finals.bytes` (all that was allocated) makes the loop pause.
    """
    cdef Finals* finals = context.finals
    cdef Finished* item
    cdef void* grown
    cdef uint8_t* path
    cdef uint32_t capacity
    cdef Buffer rest
    memset(&rest, 0, sizeof(Buffer))
    if finals.count == finals.capacity:
        capacity = 64 if finals.capacity == 0 else finals.capacity * 2
        grown = realloc(finals.items, capacity * sizeof(Finished))
        if grown != NULL:
            finals.items = <Finished*>grown
            finals.capacity = capacity
    path = <uint8_t*>malloc(self.path.size)
    if finals.count == finals.capacity or path == NULL or \
            not append(&rest, context.memory, self.body.data + size, self.body.size - size):
        free(path)
        context.counters.out_of_memory += 1
        self.body.size = 0
        self.incomplete = self.torn = True
        return
    memcpy(path, self.path.data, self.path.size)
    item = finals.items + finals.count
    item.captured_us = context.time_us
    item.ends = context.ends
    item.complete = complete
    item.path = path
    item.path_size = self.path.size
    item.body_size = size
    context.memory.used -= self.body.capacity
    grown = realloc(self.body.data, size)
    item.body = self.body.data if grown == NULL else <uint8_t*>grown
    finals.count += 1
    finals.bytes += finished_size(item)
    self.body = rest


cdef void finished_free(Finished* self) noexcept nogil:
    free(self.path)
    free(self.body)


cdef void finish_upload(Parser* self, HttpContext* context, bint whole) noexcept nogil:
    """The body is over, or (`whole` False) cut off: what is left of it goes out."""
    cdef uint64_t size
    if not self.wanted:
        return
    self.wanted = False
    if not whole:
        self.incomplete = True
    size = self.body.size if whole and not self.torn else whole_lines(&self.body)
    if size > 0:
        self.body.size = size
        if self.incomplete:
            context.counters.uploads_incomplete += 1
        else:
            context.counters.uploads_complete += 1
        emit(self, context, size, not self.incomplete)
    elif self.parts:
        pass
    elif self.incomplete:
        context.counters.uploads_lost += 1
    else:
        context.counters.uploads_empty += 1
    release(&self.body, context.memory)
    release(&self.path, context.memory)


cdef void body_bytes(Parser* self, HttpContext* context, const uint8_t* data, uint64_t length) noexcept nogil:
    """Bytes that certainly belong to the wanted body."""
    cdef const uint8_t* lf
    cdef uint64_t size
    if self.torn:
        lf = <const uint8_t*>memchr(data, 10, length)
        if lf == NULL:
            return
        length -= (lf - data) + 1
        data = lf + 1
        self.torn = False
        if length == 0:
            return
    if not append(&self.body, context.memory, data, length):
        # Not even evicting others made room (the engine tried): the rest of this line is lost.
        context.counters.out_of_memory += 1
        self.incomplete = self.torn = True
        self.body.size = whole_lines(&self.body)
        return
    if self.body.size > context.max_body_part:
        size = whole_lines(&self.body)
        if size == 0:
            context.counters.lines_endless += 1
            self.body.size = 0
            self.torn = True
        else:
            context.counters.body_parts += 1
            self.parts = True
            emit(self, context, size, not self.incomplete)


# Request line and headers -------------------------------------------------------------------------------------------

cdef bint request_line(Parser* self, HttpContext* context, const uint8_t* line, uint64_t size) noexcept nogil:
    """method SP target SP HTTP/1.x (RFC 9112 section 3). True = it is one; `wanted` and `path` are set."""
    cdef uint64_t method = 0, target, end
    while method < size and method < 16 and 65 <= line[method] <= 90:
        method += 1
    if method == 0 or method >= size or line[method] != 32:
        return False
    if size < method + 11 or memcmp(line + size - 9, b" HTTP/1.", 8) != 0 or not 48 <= line[size - 1] <= 57:
        return False
    target = method + 1
    end = size - 9
    if end <= target or memchr(line + target, 32, end - target) != NULL:
        return False
    context.counters.requests += 1
    if end - target > 7 and equals_folded(line + target, 7, b"http://", 7):   # absolute form
        target += 7
        while target < end and line[target] != 47:
            target += 1
    self.path.size = 0
    self.wanted = False
    size = target
    while size < end and line[size] != 63:                                     # up to "?"
        size += 1
    if method == 4 and memcmp(line, b"POST", 4) == 0 and COLLECTOR_SIZE < size - target and end - target <= MAX_PATH \
            and memcmp(line + size - COLLECTOR_SIZE, COLLECTOR, COLLECTOR_SIZE) == 0:
        if append(&self.path, context.memory, line + target, end - target):
            self.wanted = True
        else:
            context.counters.out_of_memory += 1
    if not self.wanted:
        context.counters.requests_skipped += 1
    self.incomplete = self.torn = self.parts = False
    self.chunked = self.has_length = self.bad = False
    self.remaining = 0
    self.body.size = 0
    return True


cdef void header_line(Parser* self, const uint8_t* line, uint64_t size) noexcept nogil:
    """Notes the two headers that frame a body."""
    cdef const uint8_t* colon = <const uint8_t*>memchr(line, 58, size)
    cdef const uint8_t* value
    cdef uint64_t name, length = 0
    if colon == NULL:
        return
    name = colon - line
    value = colon + 1
    size -= name + 1
    while size > 0 and (value[0] == 32 or value[0] == 9):
        value += 1
        size -= 1
    while size > 0 and (value[size - 1] == 32 or value[size - 1] == 9):
        size -= 1
    if equals_folded(line, name, b"content-length", 14):
        if size == 0 or size > 15:
            self.bad = True
            return
        while size > 0:
            if not 48 <= value[0] <= 57:
                self.bad = True
                return
            length = length * 10 + (value[0] - 48)
            value += 1
            size -= 1
        if length > MAX_CONTENT_LENGTH or (self.has_length and length != self.remaining):
            self.bad = True
        self.has_length = True
        self.remaining = length
    elif equals_folded(line, name, b"transfer-encoding", 17):
        if equals_folded(value, size, b"chunked", 7):
            self.chunked = True
        elif not equals_folded(value, size, b"identity", 8):
            self.bad = True


cdef void headers_end(Parser* self, HttpContext* context) noexcept nogil:
    """Decides how the body is framed (RFC 9112 section 6.3: chunked overrides a length)."""
    if self.bad:
        context.counters.bad_length += 1
        seek(self, context, True)
    elif self.chunked:
        self.state = SIZE
    elif self.has_length:
        self.state = BODY
        if self.wanted:                 # one allocation for the usual upload; more than that grows as it comes
            reserve(&self.body, context.memory, min(self.remaining, <uint64_t>USUAL_BODY))
        if self.remaining == 0:
            finish_upload(self, context, True)
            self.state = START
    elif self.wanted:
        context.counters.no_length += 1
        seek(self, context, True)
    else:
        self.state = START


cdef void seek(Parser* self, HttpContext* context, bint lost) noexcept nogil:
    """Framing is lost: from here on only a request line is believed."""
    http_free(self, context)
    self.state = SEEK
    self.wanted = False
    self.head_size = 0
    self.overlong = False
    self.lost = self.lost or lost


cdef bint chunk_size(Parser* self, const uint8_t* line, uint64_t size) noexcept nogil:
    """Hexadecimal size, extensions ignored (RFC 9112 section 7.1)."""
    cdef uint64_t i = 0, value = 0
    cdef uint8_t c
    while i < size and i < 9:
        c = lower(line[i])
        if 48 <= c <= 57:
            value = value * 16 + (c - 48)
        elif 97 <= c <= 102:
            value = value * 16 + (c - 87)
        else:
            break
        i += 1
    if i == 0 or (i < size and line[i] not in (59, 32, 9)) or value > MAX_CONTENT_LENGTH:
        return False
    self.remaining = value
    return True


cdef void take_line(Parser* self, HttpContext* context, const uint8_t* line, uint64_t size) noexcept nogil:
    """One line outside a body, without its LF."""
    if size > 0 and line[size - 1] == 13:
        size -= 1
    if self.state == START or self.state == SEEK:
        self.head_size = 0
        if size == 0 and self.state == START:
            return                                  # empty lines before a request (RFC 9112 section 2.2)
        if request_line(self, context, line, size):
            if self.state == SEEK and self.lost:
                context.counters.resynchronised += 1
            self.lost = False
            self.state = HEADERS
        elif self.state == START:
            context.counters.not_http += 1
            seek(self, context, True)
    elif self.state == HEADERS:
        if size == 0:
            headers_end(self, context)
        else:
            header_line(self, line, size)
    elif self.state == SIZE:
        if not chunk_size(self, line, size):
            context.counters.bad_length += 1
            finish_upload(self, context, False)
            seek(self, context, True)
        elif self.remaining > 0:
            self.state = CHUNK
        else:
            self.head_size = 0
            self.state = TRAILER
    elif self.state == CHUNK_END:
        if size == 0:
            self.head_size = 0
            self.state = SIZE
        else:
            context.counters.bad_length += 1
            finish_upload(self, context, False)
            seek(self, context, True)
    elif self.state == TRAILER and size == 0:
        finish_upload(self, context, True)
        self.state = START


cdef uint64_t line_bytes(Parser* self, HttpContext* context, const uint8_t* data, uint64_t length) noexcept nogil:
    """Consumes up to and with the next LF; returns how many bytes."""
    cdef const uint8_t* lf = <const uint8_t*>memchr(data, 10, length)
    cdef uint64_t size = length if lf == NULL else <uint64_t>(lf - data)
    cdef uint64_t used = size if lf == NULL else size + 1
    self.head_size += used
    if self.state != SEEK and self.head_size > context.max_head:
        context.counters.head_too_long += 1
        finish_upload(self, context, False)
        seek(self, context, True)
        self.overlong = lf == NULL
        return used
    if self.state == SEEK and self.line.size + size > context.max_head:
        self.overlong = True
    if self.overlong:
        release(&self.line, context.memory)
        self.overlong = lf == NULL
        return used
    if lf == NULL or self.line.size > 0:
        if not append(&self.line, context.memory, data, size):
            context.counters.out_of_memory += 1
            finish_upload(self, context, False)
            seek(self, context, True)
            self.overlong = lf == NULL
            return used
        if lf == NULL:
            return used
        take_line(self, context, self.line.data, self.line.size)
        release(&self.line, context.memory)
    else:
        take_line(self, context, data, size)
    return used


# The parser's four entries ------------------------------------------------------------------------------------------

cdef void http_init(Parser* self, bint certain) noexcept nogil:
    """`certain`: the stream is seen from its first byte on."""
    memset(self, 0, sizeof(Parser))
    self.state = START if certain else SEEK


cdef void http_data(Parser* self, HttpContext* context, const uint8_t* data, uint64_t length) noexcept nogil:
    """The stream's next bytes."""
    cdef uint64_t size
    while length > 0:
        if self.state == BODY or self.state == CHUNK:
            size = min(length, self.remaining)
            self.remaining -= size
            if self.wanted:
                body_bytes(self, context, data, size)
            if self.remaining == 0:
                if self.state == CHUNK:
                    self.head_size = 0
                    self.state = CHUNK_END
                else:
                    finish_upload(self, context, True)
                    self.state = START
        else:
            size = line_bytes(self, context, data, length)
        data += size
        length -= size


cdef void http_gap(Parser* self, HttpContext* context, uint64_t length) noexcept nogil:
    """`length` bytes were lost here."""
    if (self.state == BODY or self.state == CHUNK) and length <= self.remaining:
        self.remaining -= length
        if self.wanted:
            self.body.size = whole_lines(&self.body)
            self.incomplete = self.torn = True
        if self.remaining == 0:
            if self.state == CHUNK:
                self.head_size = 0
                self.state = CHUNK_END
            else:
                finish_upload(self, context, True)
                self.state = START
        return
    finish_upload(self, context, False)
    seek(self, context, self.state != SEEK)


cdef void http_end(Parser* self, HttpContext* context) noexcept nogil:
    """The stream ended or is given up: whole lines of an unfinished upload go out."""
    if self.state in (BODY, SIZE, CHUNK, CHUNK_END, TRAILER):
        finish_upload(self, context, False)
    seek(self, context, False)


cdef bint http_holds(const Parser* self) noexcept nogil:
    """True while the parser holds memory of the budget."""
    return self.body.capacity + self.path.capacity + self.line.capacity > 0


cdef void http_free(Parser* self, HttpContext* context) noexcept nogil:
    release(&self.line, context.memory)
    release(&self.path, context.memory)
    release(&self.body, context.memory)


# To Python ----------------------------------------------------------------------------------------------------------

cdef uint32_t write_endpoint(uint8_t family, const Address* address, uint16_t port, char* out) noexcept nogil:
    """Writes "ip:port" ("[ip]:port" for IPv6) into ENDPOINT_SIZE bytes; returns its length."""
    if family == FAMILY_IPV4:
        return snprintf(out, ENDPOINT_SIZE, b"%u.%u.%u.%u:%u", <unsigned>address.byte[0], <unsigned>address.byte[1],
                        <unsigned>address.byte[2], <unsigned>address.byte[3], <unsigned>port)
    cdef char text[46]
    inet_ntop(AF_INET6, address, text, 46)
    return snprintf(out, ENDPOINT_SIZE, b"[%s]:%u", text, <unsigned>port)


cdef str endpoint(uint8_t family, const Address* address, uint16_t port):
    """Text of one end of a connection."""
    cdef char text[ENDPOINT_SIZE]
    cdef uint32_t size = write_endpoint(family, address, port, text)
    return text[:size].decode("ascii")


cdef object to_upload(Finished* item):
    """The Python object of a finished upload."""
    return Upload(
        item.captured_us,
        endpoint(item.ends.family, &item.ends.source, item.ends.source_port),
        endpoint(item.ends.family, &item.ends.destination, item.ends.destination_port),
        (<bytes>item.path[:item.path_size]).decode("utf-8", "surrogateescape"),
        item.body[:item.body_size],
        bool(item.complete),
    )
