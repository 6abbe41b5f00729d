"""Bytes from the wire → text that is safe where it is shown: in a JSON string (RFC 8259), on a terminal.

Both append to a buffer in which the caller has reserved ESCAPE_GROWTH bytes per byte. Bytes that are not UTF-8 survive:
as the surrogate escapes of PEP 383 in JSON, as \\xNN on a terminal.
"""
from libc.stdint cimport uint32_t
from libc.stdio cimport snprintf
from libc.string cimport memcpy

cdef enum:
    BACKSPACE = 8
    FORM_FEED = 12
    DELETE = 127
    FIRST_NON_ASCII = 128
    BEHIND_C1 = 0xA0            # U+0080 .. U+009F are control characters
    LONE_BYTE = 0xDC00          # PEP 383: byte 0x80 .. 0xFF → U+DC80 .. U+DCFF
    HIGH_SURROGATE = 0xD800
    LOW_SURROGATE = 0xDC00

# Bytes that JSON takes as they are: printable ASCII but the quote and the backslash.
cdef uint8_t PLAIN[256]
for _byte in range(256):
    PLAIN[_byte] = 32 <= _byte < DELETE and _byte not in b'"\\'


cdef uint32_t utf8(const uint8_t* data, uint64_t length, uint32_t* code) noexcept nogil:
    """Length of the valid UTF-8 sequence of several bytes (RFC 3629 section 4) that starts here, 0 = none."""
    cdef uint8_t first = data[0]
    cdef uint32_t size, i, value
    if 0xC2 <= first <= 0xDF:
        size, value = 2, first & 0x1F
    elif 0xE0 <= first <= 0xEF:
        size, value = 3, first & 0x0F
    elif 0xF0 <= first <= 0xF4:
        size, value = 4, first & 0x07
    else:
        return 0
    if length < size:
        return 0
    for i in range(1, size):
        if data[i] & 0xC0 != 0x80:
            return 0
        value = (value << 6) | (data[i] & 0x3F)
    # longer than needed, a surrogate, or beyond Unicode
    if (size == 3 and (value < 0x800 or 0xD800 <= value <= 0xDFFF)) or (size == 4 and not 0x10000 <= value <= 0x10FFFF):
        return 0
    code[0] = value
    return size


cdef inline uint8_t* short_escape(uint8_t* out, uint8_t c) noexcept nogil:
    out[0] = c'\\'
    out[1] = c
    return out + 2


cdef void escape_json(Buffer* out_buffer, const uint8_t* data, uint64_t length, bint fields) noexcept nogil:
    """The inside of a JSON string, or (`fields`) of an array of strings cut at each TAB. As json.dumps writes it."""
    cdef uint8_t* out = out_buffer.data + out_buffer.size
    cdef const uint8_t* end = data + length
    cdef uint64_t run, left
    cdef uint32_t code, size
    cdef uint8_t c
    while True:
        # Nearly every byte: a loop of its own, so that the compiler keeps it to a few instructions.
        run = 0
        left = end - data
        while run < left and PLAIN[data[run]]:
            out[run] = data[run]
            run += 1
        out += run
        data += run
        if run == left:
            break

        # One character that needs more: its code, and how many bytes it is.
        c = data[0]
        size = 1
        code = c
        if c >= FIRST_NON_ASCII:
            size = utf8(data, end - data, &code)
            if size == 0:
                size, code = 1, LONE_BYTE + c
        data += size

        # Its escape: the short form where JSON has one, else four digits, or eight as a pair of surrogates.
        if c == c'\t' and fields:
            memcpy(out, b'", "', 4)
            out += 4
        elif c == c'"' or c == c'\\':
            out = short_escape(out, c)
        elif c == BACKSPACE:
            out = short_escape(out, c'b')
        elif c == c'\t':
            out = short_escape(out, c't')
        elif c == FORM_FEED:
            out = short_escape(out, c'f')
        elif c == c'\r':
            out = short_escape(out, c'r')
        elif code < 0x10000:
            out += snprintf(<char*>out, 7, b"\\u%04x", code)
        else:
            code -= 0x10000
            out += snprintf(<char*>out, 13, b"\\u%04x\\u%04x", HIGH_SURROGATE + (code >> 10),
                            LOW_SURROGATE + (code & 0x3FF))
    out_buffer.size = out - out_buffer.data


cdef void escape_terminal(Buffer* out, const uint8_t* data, uint64_t length) noexcept nogil:
    """Keeps letters of every language and TAB; writes control characters, and bytes that are no UTF-8, as \\xNN."""
    cdef uint64_t i = 0
    cdef uint32_t code = 0, size
    cdef uint8_t c
    while i < length:
        c = data[i]
        size = 1
        if c >= FIRST_NON_ASCII:
            size = utf8(data + i, length - i, &code)
        if (c < c' ' and c != c'\t') or c == DELETE or size == 0 or (c >= FIRST_NON_ASCII and code < BEHIND_C1):
            size = max(size, <uint32_t>1)
            while size > 0:
                out.size += snprintf(<char*>out.data + out.size, 5, b"\\x%02x", data[i])
                i += 1
                size -= 1
        else:
            memcpy(out.data + out.size, data + i, size)
            out.size += size
            i += size
