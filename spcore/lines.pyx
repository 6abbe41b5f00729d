"""Upload bodies → record lines: as lists of fields, as text or as JSON.

A line ends at LF (a CR before it is dropped), has at most `max_line` bytes, and its first field is a number
(protocol.md); others are counted and left out. Fields are separated by exactly one TAB. Bytes that are not UTF-8
survive as surrogate escapes (PEP 383). The JSON is byte for byte what json.dumps writes, without a Python object.
"""
from cpython.buffer cimport PyBUF_READ
from cpython.memoryview cimport PyMemoryView_FromMemory
from libc.stdint cimport int64_t
from libc.stdio cimport snprintf
from libc.stdlib cimport free, realloc
from libc.string cimport memchr, memcpy, memmove, strlen

from spcore.uploads cimport ENDPOINT_SIZE, finished_free, finished_size, write_endpoint

from spcore.limits import Limits

cdef extern from "<time.h>" nogil:
    ctypedef long time_t
    struct tm:
        int tm_year
        int tm_mon
        int tm_mday
        int tm_hour
        int tm_min
        int tm_sec
    tm* gmtime_r(const time_t* time, tm* result)

cdef enum:
    NUMBER_DIGITS = 9
    PIECE_BYTES = 1 << 20           # of output at once

# Bytes that JSON takes as they are: printable ASCII but the quote and the backslash.
cdef uint8_t PLAIN[256]
for _byte in range(256):
    PLAIN[_byte] = 32 <= _byte < 127 and _byte not in (34, 92)

cdef const char* SHORT = b"btn?fr"      # JSON's short escapes of the characters 8 to 13


cdef bint starts_with_number(const uint8_t* line, uint64_t length) noexcept nogil:
    """1 to 9 digits, then a TAB or the end."""
    cdef uint64_t i = 0
    while i < length and i <= NUMBER_DIGITS and 48 <= line[i] <= 57:
        i += 1
    return 0 < i <= NUMBER_DIGITS and (i == length or line[i] == 9)


def records(bytes body not None, uint64_t max_line=Limits.max_line):
    """The record lines of an upload's body, each a list of its fields (str, surrogateescape), in order."""
    cdef const uint8_t* data = <const uint8_t*><const char*>body
    cdef const uint8_t* end = data + len(body)
    cdef const uint8_t* lf
    cdef uint64_t length
    result = []
    while data < end:
        lf = <const uint8_t*>memchr(data, 10, end - data)
        length = (end if lf == NULL else lf) - data
        if length > 0 and data[length - 1] == 13:
            length -= 1
        if length <= max_line and starts_with_number(data, length):
            result.append((<const char*>data)[:length].decode("utf-8", "surrogateescape").split("\t"))
        if lf == NULL:
            break
        data = lf + 1
    return result


cdef uint32_t utf8(const uint8_t* data, uint64_t length, uint32_t* code) noexcept nogil:
    """Length of the valid UTF-8 sequence (RFC 3629) that starts here, 0 = none."""
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
    if (size == 3 and (value < 0x800 or 0xD800 <= value <= 0xDFFF)) or (size == 4 and not 0x10000 <= value <= 0x10FFFF):
        return 0
    code[0] = value
    return size


cdef class LineFormat:
    """Turns finished uploads into output lines: record lines as sent, or one JSON object per record.

    json: objects as design.md specifies. terminal: control characters but TAB, and bytes that are not UTF-8, are shown
    as \\xNN, so that nothing from the wire can steer the terminal. Counters: lines, lines_too_long,
    lines_without_number.
    """

    def __init__(self, bint json=False, bint terminal=False, uint64_t max_line=Limits.max_line):
        self.json = json
        self.terminal = terminal
        self.max_line = max_line

    def __dealloc__(self):
        free(self.out)

    def counters(self):
        """Counters by name."""
        return {"lines": self.lines, "lines_too_long": self.lines_too_long,
                "lines_without_number": self.lines_without_number}

    cdef void reserve(self, uint64_t more) noexcept nogil:
        cdef void* grown
        cdef uint64_t space = self.space
        if self.size + more <= space:
            return
        while space < self.size + more:
            space = max(space * 2, <uint64_t>65536)
        grown = realloc(self.out, space)
        if grown == NULL:
            self.failed = True
            self.size = 0
            return
        self.out = <uint8_t*>grown
        self.space = space

    cdef void json_text(self, const uint8_t* data, uint64_t length, bint fields) noexcept nogil:
        """Appends the inside of a JSON string, or (`fields`) of an array of strings cut at each TAB.

        Room for 12 bytes out per byte in is there already."""
        cdef uint8_t* out = self.out + self.size
        cdef uint64_t i = 0
        cdef uint32_t code, size
        cdef uint8_t c
        while i < length:
            c = data[i]
            if PLAIN[c]:
                out[0] = c
                out += 1
                i += 1
                continue
            if c == 9 and fields:
                memcpy(out, b'", "', 4)
                out += 4
                i += 1
                continue
            size = 1
            code = c
            if c >= 128:
                size = utf8(data + i, length - i, &code)
                if size == 0:
                    size, code = 1, 0xDC00 + c
            i += size
            if c == 34 or c == 92:
                out[0] = 92
                out[1] = c
                out += 2
            elif c in (8, 9, 12, 13):
                out[0] = 92
                out[1] = 98 if c == 8 else 116 if c == 9 else 102 if c == 12 else 114
                out += 2
            elif code < 0x10000:
                out += snprintf(<char*>out, 7, b"\\u%04x", code)
            else:
                code -= 0x10000
                out += snprintf(<char*>out, 13, b"\\u%04x\\u%04x", 0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
        self.size = out - self.out

    cdef void text_line(self, const uint8_t* line, uint64_t length) noexcept nogil:
        cdef uint64_t i = 0
        cdef uint32_t code = 0, size
        cdef uint8_t c
        if not self.terminal:
            memcpy(self.out + self.size, line, length)
            self.size += length
            return
        while i < length:
            c = line[i]
            size = 1
            if c >= 128:
                size = utf8(line + i, length - i, &code)
            if (c < 32 and c != 9) or c == 127 or size == 0 or (c >= 128 and code < 0xA0):   # C0, DEL, no UTF-8, C1
                size = max(size, <uint32_t>1)
                while size > 0:
                    self.size += snprintf(<char*>self.out + self.size, 5, b"\\x%02x", line[i])
                    i += 1
                    size -= 1
            else:
                memcpy(self.out + self.size, line + i, size)
                self.size += size
                i += size

    cdef uint64_t upload(self, const Finished* item, uint64_t start) noexcept nogil:
        """Appends record lines of one upload from offset `start` of its body on, until there is enough for one piece;
        returns the offset to go on from (the body's size: all done)."""
        cdef const uint8_t* data = item.body + start
        cdef const uint8_t* end = item.body + item.body_size
        cdef const uint8_t* lf
        cdef uint64_t length, head = 0
        cdef char source[ENDPOINT_SIZE]
        cdef char destination[ENDPOINT_SIZE]
        cdef const char* tail = b'"], "complete": true}\n' if item.complete else b'"], "complete": false}\n'
        cdef uint64_t tail_size = strlen(tail)
        cdef tm when
        cdef time_t seconds = item.captured_us // 1000000
        cdef int64_t micros = item.captured_us - <int64_t>seconds * 1000000
        if micros < 0:                      # before 1970: a file may say so
            seconds -= 1
            micros += 1000000
        cdef uint64_t head_at = 0
        if self.json:
            write_endpoint(item.ends.family, &item.ends.source, item.ends.source_port, source)
            write_endpoint(item.ends.family, &item.ends.destination, item.ends.destination_port, destination)
            gmtime_r(&seconds, &when)
            # The part before "record" is the same for all lines of an upload: written once, then copied.
            self.reserve(512 + item.path_size * 12)
            if self.failed:
                return item.body_size
            head_at = self.size
            self.size += snprintf(<char*>self.out + self.size, 400,
                                  b'{"captured": "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", "source": "%s", '
                                  b'"destination": "%s", "path": "',
                                  when.tm_year + 1900, when.tm_mon + 1, when.tm_mday, when.tm_hour, when.tm_min,
                                  when.tm_sec, <int>micros, source, destination)
            self.json_text(item.path, item.path_size, False)
            memcpy(self.out + self.size, b'", "record": ["', 15)
            self.size += 15
            head = self.size - head_at
            self.size = head_at             # a line puts it there again
        cdef bint first = True
        while data < end and self.size < PIECE_BYTES:
            lf = <const uint8_t*>memchr(data, 10, end - data)
            length = (end if lf == NULL else lf) - data
            if length > 0 and data[length - 1] == 13:
                length -= 1
            if length > self.max_line:
                self.lines_too_long += 1
            elif starts_with_number(data, length):
                self.lines += 1
                self.reserve(head + length * 12 + 64)
                if self.failed:
                    return item.body_size
                if self.json:
                    if not first:
                        memcpy(self.out + self.size, self.out + head_at, head)
                    first = False
                    self.size += head
                    self.json_text(data, length, True)
                    memcpy(self.out + self.size, tail, tail_size)
                    self.size += tail_size
                else:
                    self.text_line(data, length)
                    self.out[self.size] = 10
                    self.size += 1
            elif length > 0:
                self.lines_without_number += 1
            data = end if lf == NULL else lf + 1
        return data - item.body

    cdef object format(self, Finals* finals):
        """Takes finished uploads, oldest first, and gives their lines: about PIECE_BYTES, b"" when all are taken.

        In pieces, because a body of tiny lines grows a hundredfold as JSON. What it gives is a view of this object's
        own buffer, good until the next call: a copy costs a page fault every 4 KiB. Raises MemoryError.
        """
        cdef uint32_t done = 0
        cdef Finished* item
        cdef object result
        self.size = 0
        with nogil:
            while done < finals.count and self.size < PIECE_BYTES:
                item = finals.items + done
                self.offset = self.upload(item, self.offset)
                if self.offset == item.body_size:
                    self.offset = 0
                    finals.bytes -= finished_size(item)
                    finished_free(item)
                    done += 1
            finals.count -= done
            memmove(finals.items, finals.items + done, finals.count * sizeof(Finished))
        if self.failed:
            raise MemoryError()
        result = PyMemoryView_FromMemory(<char*>self.out, self.size, PyBUF_READ) if self.size else b""
        self.size = 0
        return result
