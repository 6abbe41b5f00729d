"""Parses single lines of an HTTP/1 request, without any state (RFC 9112, RFC 9110).

Every function takes one line without its line end and reads nothing behind it. None can fail: a line that is
not certainly of the kind in question is refused.
"""
from libc.string cimport memchr, memcmp

# Uploads go to /Data/SMS2DataCollector.aspx and /Command/SMS2DataCollector.aspx (protocol.md).
cdef const char* COLLECTOR = b"SMS2DataCollector.aspx"
cdef enum:
    COLLECTOR_SIZE = 22
    VERSION_SIZE = 9            # of " HTTP/1.x"
    LONGEST_METHOD = 16         # letters

# Digits that a 64-bit number surely holds, leading zeros included. How large a body may be is a limit (limits.py).
cdef enum:
    DECIMAL_DIGITS = 15
    HEXADECIMAL_DIGITS = 9


cdef inline bint is_digit(uint8_t c) noexcept nogil:
    return c'0' <= c <= c'9'


cdef inline bint is_blank(uint8_t c) noexcept nogil:
    return c == c' ' or c == c'\t'


cdef inline uint8_t lower(uint8_t c) noexcept nogil:
    """ASCII only: header names and codings are case-insensitive, nothing else is folded."""
    return c + (c'a' - c'A') if c'A' <= c <= c'Z' else c


cdef bint equals_folded(const uint8_t* data, uint64_t size, const char* word, uint64_t word_size) noexcept nogil:
    """True when data is `word`, which is lower case, in any case."""
    cdef uint64_t i
    if size != word_size:
        return False
    for i in range(size):
        if data[i] != <uint8_t>word[i] and lower(data[i]) != <uint8_t>word[i]:
            return False
    return True


cdef bint is_collector(const uint8_t* target, uint64_t size) noexcept nogil:
    """True when the path, up to the query, ends in the collector's page and does not begin with it."""
    cdef const uint8_t* query = <const uint8_t*>memchr(target, c'?', size)
    if query != NULL:
        size = query - target
    return size > COLLECTOR_SIZE and memcmp(target + size - COLLECTOR_SIZE, COLLECTOR, COLLECTOR_SIZE) == 0


cdef bint parse_request_line(const uint8_t* line, uint64_t size, uint64_t max_path, Request* out) noexcept nogil:
    """method SP target SP HTTP/1.x (RFC 9112 section 3). True = it is one; `out` then points into the line."""
    cdef uint64_t method = 0, target, end
    # method: capitals, as every registered one
    while method < size and method < LONGEST_METHOD and c'A' <= line[method] <= c'Z':
        method += 1
    if method == 0 or method >= size or line[method] != c' ':
        return False
    # version, from the end of the line
    if size < method + 2 + VERSION_SIZE or memcmp(line + size - VERSION_SIZE, b" HTTP/1.", VERSION_SIZE - 1) != 0 \
            or not is_digit(line[size - 1]):
        return False
    # target: the rest, one word
    target = method + 1
    end = size - VERSION_SIZE
    if memchr(line + target, c' ', end - target) != NULL:
        return False
    # absolute form (section 3.2.2), as sent to a proxy
    if end - target > 7 and equals_folded(line + target, 7, b"http://", 7):
        target += 7
        while target < end and line[target] != c'/':
            target += 1
    out.target = line + target
    out.target_size = end - target
    out.is_upload = (method == 4 and memcmp(line, b"POST", 4) == 0 and out.target_size <= max_path
                     and is_collector(out.target, out.target_size))
    return True


cdef void parse_length(const uint8_t* value, uint64_t size, uint64_t max_length, Framing* framing) noexcept nogil:
    """Content-Length: digits only; a second one must say the same (RFC 9112 section 6.3)."""
    cdef uint64_t length = 0, i
    if size == 0 or size > DECIMAL_DIGITS:
        framing.invalid = True
        return
    for i in range(size):
        if not is_digit(value[i]):
            framing.invalid = True
            return
        length = length * 10 + (value[i] - c'0')
    if length > max_length or (framing.has_length and length != framing.length):
        framing.invalid = True
    framing.has_length = True
    framing.length = length


cdef void parse_header(const uint8_t* line, uint64_t size, uint64_t max_length, Framing* framing) noexcept nogil:
    """Notes the two headers that frame a body; every other line is passed over."""
    cdef const uint8_t* colon = <const uint8_t*>memchr(line, c':', size)
    cdef const uint8_t* value
    cdef uint64_t name
    if colon == NULL:
        return
    name = colon - line
    value = colon + 1
    size -= name + 1
    while size > 0 and is_blank(value[0]):
        value += 1
        size -= 1
    while size > 0 and is_blank(value[size - 1]):
        size -= 1
    if equals_folded(line, name, b"content-length", 14):
        parse_length(value, size, max_length, framing)
    elif equals_folded(line, name, b"transfer-encoding", 17):
        if equals_folded(value, size, b"chunked", 7):
            framing.chunked = True
        elif not equals_folded(value, size, b"identity", 8):
            framing.invalid = True


cdef bint parse_chunk_size(const uint8_t* line, uint64_t size, uint64_t max_length, uint64_t* value) noexcept nogil:
    """Hexadecimal size, extensions ignored (RFC 9112 section 7.1). False = it is none, or an absurd one."""
    cdef uint64_t i = 0
    cdef uint8_t c
    value[0] = 0
    while i < size and i < HEXADECIMAL_DIGITS:
        c = lower(line[i])
        if is_digit(c):
            value[0] = value[0] * 16 + (c - c'0')
        elif c'a' <= c <= c'f':
            value[0] = value[0] * 16 + (c - c'a' + 10)
        else:
            break
        i += 1
    return i > 0 and (i == size or line[i] == c';' or is_blank(line[i])) and value[0] <= max_length
