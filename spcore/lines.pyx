"""Upload bodies → record lines: as lists of fields, as text or as JSON.

A line ends at LF (a CR before it is dropped), has at most `max_line` bytes, and its first field is a number
(protocol.md); others are counted and left out. Fields are separated by exactly one TAB. Bytes that are not UTF-8
survive as surrogate escapes (PEP 383). The JSON is byte for byte what json.dumps writes, without a Python object.
"""
from cpython.buffer cimport PyBUF_READ
from cpython.memoryview cimport PyMemoryView_FromMemory
from libc.stdint cimport int64_t, uint32_t
from libc.stdio cimport snprintf
from libc.string cimport memchr, memcpy, strlen

from spcore.buffer cimport buffer_free, buffer_reserve
from spcore.endpoints cimport ENDPOINT_SIZE, write_endpoint
from spcore.escape cimport ESCAPE_GROWTH, escape_json, escape_terminal
from spcore.uploads cimport uploads_taken

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
    HEAD_BYTES = 512            # of a JSON line before "record", without the path
    TAIL_BYTES = 64             # behind it
    USUAL_PIECE = 64 << 10      # lines of one batch of uploads (Limits.batch_bytes) as text
    MICROSECONDS = 1000000


cdef bint starts_with_number(const uint8_t* line, uint64_t length, uint64_t max_digits) noexcept nogil:
    """1 to `max_digits` digits, then a TAB or the end."""
    cdef uint64_t i = 0
    while i < length and i <= max_digits and c'0' <= line[i] <= c'9':
        i += 1
    return 0 < i <= max_digits and (i == length or line[i] == c'\t')


cdef inline const uint8_t* next_line(const uint8_t* data, const uint8_t* end, uint64_t* length) noexcept nogil:
    """Measures the line at `data` without its line end; returns where the next one begins (`end`: nowhere)."""
    cdef const uint8_t* line_end = <const uint8_t*>memchr(data, c'\n', end - data)
    length[0] = (end if line_end == NULL else line_end) - data
    if length[0] > 0 and data[length[0] - 1] == c'\r':
        length[0] -= 1
    return end if line_end == NULL else line_end + 1


def records(bytes body not None, limits=None):
    """The record lines of an upload's body, each a list of its fields (str, surrogateescape), in order."""
    cdef const uint8_t* line = <const uint8_t*><const char*>body
    cdef const uint8_t* end = line + len(body)
    cdef const uint8_t* following
    cdef uint64_t length, max_line, max_number
    limits = limits or Limits
    max_line, max_number = limits.max_line, limits.max_number
    result = []
    while line < end:
        following = next_line(line, end, &length)
        if length <= max_line and starts_with_number(line, length, max_number):
            result.append((<const char*>line)[:length].decode("utf-8", "surrogateescape").split("\t"))
        line = following
    return result


cdef class LineFormat:
    """Turns finished uploads into output lines: record lines as sent, or one JSON object per record.

    json: objects as design.md specifies. terminal: control characters but TAB, and bytes that are not UTF-8, are shown
    as \\xNN, so that nothing from the wire can steer the terminal. Counters: lines, lines_too_long,
    lines_without_number.
    """

    def __init__(self, bint json=False, bint terminal=False, limits=None):
        limits = limits or Limits
        self.json = json
        self.terminal = terminal
        self.max_line = limits.max_line
        self.max_number = limits.max_number
        self.piece_bytes = limits.piece_bytes

    def __dealloc__(self):
        buffer_free(&self.out, NULL)

    def counters(self):
        """Counters by name."""
        return {"lines": self.lines, "lines_too_long": self.lines_too_long,
                "lines_without_number": self.lines_without_number}

    cdef uint64_t json_head(self, const Finished* item) noexcept nogil:
        """Writes the part of a JSON line before the record's fields; returns its length. Room is reserved."""
        cdef char source[ENDPOINT_SIZE]
        cdef char destination[ENDPOINT_SIZE]
        cdef tm when
        cdef uint64_t begin = self.out.size
        cdef time_t seconds = item.captured_us // MICROSECONDS
        cdef int64_t micros = item.captured_us - <int64_t>seconds * MICROSECONDS
        if micros < 0:                      # before 1970: a file may say so
            seconds -= 1
            micros += MICROSECONDS
        gmtime_r(&seconds, &when)
        write_endpoint(item.ends.family, &item.ends.source, item.ends.source_port, source)
        write_endpoint(item.ends.family, &item.ends.destination, item.ends.destination_port, destination)
        self.out.size += snprintf(<char*>self.out.data + begin, HEAD_BYTES,
                                  b'{"captured": "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", "source": "%s", '
                                  b'"destination": "%s", "path": "',
                                  when.tm_year + 1900, when.tm_mon + 1, when.tm_mday, when.tm_hour, when.tm_min,
                                  when.tm_sec, <int>micros, source, destination)
        escape_json(&self.out, item.path, item.path_size, False)
        memcpy(self.out.data + self.out.size, b'", "record": ["', 15)
        self.out.size += 15
        return self.out.size - begin

    cdef uint64_t upload(self, const Finished* item, uint64_t start) noexcept nogil:
        """Appends record lines of one upload from offset `start` of its body on, until there is enough for one piece;
        returns the offset to go on from (the body's size: all done).

        `item` stays the queue's. Each line that is not empty is counted once: lines, lines_too_long or
        lines_without_number. `failed`: there was no memory, and the caller raises.
        """
        cdef const uint8_t* line = item.body + start
        cdef const uint8_t* end = item.body + item.body_size
        cdef const uint8_t* following
        cdef uint64_t length, head_at = 0, head = 0
        cdef const char* tail = b'"], "complete": true}\n' if item.complete else b'"], "complete": false}\n'
        cdef uint64_t tail_size = strlen(tail)
        cdef bint first = True

        # The part before the fields is the same for all lines of an upload: written once, then copied.
        if self.json:
            if not buffer_reserve(&self.out, NULL, 2 * HEAD_BYTES + item.path_size * ESCAPE_GROWTH):
                self.failed = True
                return item.body_size
            head_at = self.out.size
            head = self.json_head(item)
            self.out.size = head_at         # the first line finds it there already

        # Each line: measured, judged, counted, written. Room for its longest form comes first.
        while line < end and self.out.size < self.piece_bytes:
            following = next_line(line, end, &length)
            if length > self.max_line:
                self.lines_too_long += 1
            elif not starts_with_number(line, length, self.max_number):
                self.lines_without_number += length > 0
            else:
                self.lines += 1
                if not buffer_reserve(&self.out, NULL, head + length * ESCAPE_GROWTH + TAIL_BYTES):
                    self.failed = True
                    return item.body_size
                if self.json:
                    if not first:
                        memcpy(self.out.data + self.out.size, self.out.data + head_at, head)
                    first = False
                    self.out.size += head
                    escape_json(&self.out, line, length, True)
                    memcpy(self.out.data + self.out.size, tail, tail_size)
                    self.out.size += tail_size
                elif self.terminal:
                    escape_terminal(&self.out, line, length)
                else:
                    memcpy(self.out.data + self.out.size, line, length)
                    self.out.size += length
                if not self.json:
                    self.out.data[self.out.size] = c'\n'
                    self.out.size += 1
            line = following
        return line - item.body

    cdef object format(self, UploadQueue* uploads):
        """Takes finished uploads, oldest first, and gives their lines: about `piece_bytes`, b"" when all are taken.

        In pieces, because a body of tiny lines grows a hundredfold as JSON. Returns a view of this object's own
        buffer, good until the next call: a copy costs a page fault every 4 KiB. Raises MemoryError.
        """
        cdef uint32_t done = 0
        cdef object result
        self.out.size = 0
        # One allocation for the usual piece: growing to it line by line would copy all of it. What it lacks, `upload`
        # asks for again.
        buffer_reserve(&self.out, NULL, min(self.piece_bytes, <uint64_t>USUAL_PIECE))
        # An upload leaves the queue when its last line was formatted; `offset` remembers where in the first to go on.
        with nogil:
            while done < uploads.count and self.out.size < self.piece_bytes:
                self.offset = self.upload(uploads.items + done, self.offset)
                if self.offset == uploads.items[done].body_size:
                    self.offset = 0
                    done += 1
            uploads_taken(uploads, done)
        if self.failed:
            raise MemoryError()
        result = PyMemoryView_FromMemory(<char*>self.out.data, self.out.size, PyBUF_READ) if self.out.size else b""
        self.out.size = 0
        return result
