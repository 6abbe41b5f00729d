# cython: language_level=3
"""Input bytes → packets → the whole core, for libFuzzer. One input is one capture with an Engine of its own.

    byte 0   what is built: bits 0-3 link type, bit 4 streams mode, bit 5 JSON lines, bit 6 raw frames
    byte 1   bits 0-1 which small limits apply, bit 2 terminal, bits 3-4 host filter, bit 5 a capture file, bit 6 in bytes
    then, a capture file: pcap, pcapng or gzip of one, as a stream whose buffer is never larger than what was asked for
          raw frames:   time step (1), length (2), frame
          or segments:  command (8), payload; see `segment`

Segments follow the state of their connection unless told otherwise, so that the fuzzer does not have to guess 32-bit
numbers. Every frame lies in a heap block of exactly its size: a read behind its end is seen by AddressSanitizer. At
the end all memory of the budgets must have come back and no line may be torn: otherwise the process aborts.
"""
from libc.stdint cimport int8_t, int16_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport abort, free, malloc
from libc.string cimport memcpy, memset
from cpython.pycapsule cimport PyCapsule_New

from spcore.engine cimport Engine, core_packet
from spcore.lines cimport LineFormat
from spcore.packets cimport Packet

from io import BytesIO

from spcore.compressed import Gunzip
from spcore.filereader import OpenFile, ReadError, feed
from spcore.limits import Limits

FILE_LIMITS = Limits(max_packet=20_000, max_interfaces=3)

cdef enum:
    FLOWS = 4
    MAX_FRAME = 70_000

LINKS = (1, 0, 12, 101, 108, 113, 228, 229, 276, 9, 51, 104, 239, 284, 285, 1)
HOSTS = (None, None, "10.0.0.0", "2000::")
LIMITS = (
    Limits(),
    Limits(max_flows=3, max_embryonic=2, max_memory=3 * 20_000),
    Limits(max_queue=300, max_ranges=4, max_head=200, max_body_part=100),
    Limits(max_memory=3 * 9_000, max_datagrams=2, window_slack=1000, unknown_window=5000),
)

cdef struct Side:
    uint32_t next
    uint32_t first

cdef class Run:
    """One capture being fed."""
    cdef Engine engine
    cdef LineFormat lines
    cdef Side side[FLOWS][2]
    cdef Packet made
    cdef uint8_t frame[MAX_FRAME]
    cdef uint16_t identification

    cdef void packet(self, const uint8_t* data, uint32_t size):
        cdef uint8_t* exact = <uint8_t*>malloc(size if size else 1)
        memcpy(exact, data, size)
        self.made.caplen = self.made.length = size
        self.made.data = exact
        core_packet(&self.engine.core, &self.made)
        free(exact)

    cdef void step(self, uint8_t code):
        """Time: 0-199 so many ms, 200-239 seconds, 240-247 hours, 248-255 backwards."""
        cdef long step = code * 1000 if code < 200 else (code - 199) * 1_000_000
        if code >= 240:
            step = (code - 239) * 3_600_000_000
        if code >= 248:
            step = (247 - code) * 1_500_000
        self.made.time_us += step

    cdef void datagram(self, int flow, int side, const uint8_t* data, uint32_t size, uint16_t place, uint8_t tags):
        """Wraps IP data (of a fragment, if `place`) into a frame of the usual link and feeds it."""
        cdef uint8_t* p = self.frame
        cdef bint v6 = flow == 3
        cdef uint32_t at = 14, total
        memset(p, 0, 100)
        if tags & 1:
            p[12], p[13], p[14], p[15] = 0x81, 0, 0, 7
            at = 18
        p[at - 2], p[at - 1] = 0x86 if v6 else 8, 0xDD if v6 else 0
        if v6:
            total = size + (8 if place else 0)
            p[at] = 0x60
            p[at + 4], p[at + 5] = (total >> 8) & 255, total & 255
            p[at + 6], p[at + 7] = (44 if place else 6), 64
            p[at + 8 + side * 16] = 0x20
            p[at + 24 - side * 16] = 0x30
            at += 40
            if place:
                p[at] = 6
                p[at + 2], p[at + 3] = place >> 8, place & 255
                p[at + 7] = self.identification & 255
                at += 8
        else:
            total = size + 20
            p[at] = 0x45
            p[at + 2], p[at + 3] = (total >> 8) & 255, total & 255
            p[at + 4], p[at + 5] = self.identification >> 8, self.identification & 255
            total = ((place & 1) << 13) | (place >> 3)
            p[at + 6], p[at + 7] = total >> 8, total & 255
            p[at + 8], p[at + 9] = 64, 6
            p[at + 12 + side * 4], p[at + 16 - side * 4] = 10, 20
            at += 20
        memcpy(p + at, data, size)
        self.packet(p, at + size)

    cdef const uint8_t* segment(self, const uint8_t* data, const uint8_t* end):
        """One command: [flow, side, how][flags][sequence offset, 2][ack offset, 2][time][payload length] payload.

        Returns what follows it, NULL when the input is used up.
        """
        cdef uint8_t tcp[400]
        cdef int flow, side
        cdef uint8_t how, flags
        cdef uint32_t size, sequence, acknowledged, length, at, piece, count, i
        cdef Side* mine
        cdef Side* other
        cdef uint8_t order
        if end - data < 8:
            return NULL
        flow, side, how = data[0] & 3, (data[0] >> 2) & 1, data[0] >> 3
        flags = data[1] & 0x3F
        self.step(data[6])
        size = data[7]
        if size > <uint32_t>(end - data - 8):
            size = <uint32_t>(end - data - 8)
        mine, other = &self.side[flow][side], &self.side[flow][1 - side]
        sequence = mine.next + <int16_t>((data[2] << 8) | data[3]) * (1 if how & 1 == 0 else 4099)
        acknowledged = other.next + <int16_t>((data[4] << 8) | data[5]) * (1 if how & 2 == 0 else 70001)
        if flags & 2:
            sequence = mine.first - 1 + (data[3] * 65537)
        memset(tcp, 0, 24)
        at = 2 * side                       # where the client's port stands; the other is port 80
        tcp[at], tcp[at + 1] = 0xC0, flow
        tcp[3 - at] = 80
        for i in range(4):
            tcp[4 + i] = (sequence >> (24 - 8 * i)) & 255
            tcp[8 + i] = (acknowledged >> (24 - 8 * i)) & 255
        length = 20
        if flags & 2:
            tcp[20], tcp[21], tcp[22], tcp[23] = 3, 3, data[2], 1
            length = 24
        tcp[12] = (length // 4) << 4
        tcp[13] = flags
        tcp[14], tcp[15] = data[5], data[4]
        memcpy(tcp + length, data + 8, size)
        length += size
        if sequence == mine.next or flags & 2:
            mine.next = sequence + size + (1 if flags & 2 else 0)
        self.identification += 1
        if how & 4 and length > 48:
            piece = 24 + (how >> 3) * 16
            count = (length + piece - 1) // piece
            order = data[6]
            for i in range(count):
                at = ((i * 5 + order) % count) * piece
                if order & 64 and i == 1:
                    at = at // 2 & ~7u
                self.datagram(flow, side, tcp + at, min(piece, length - at), at | (1 if at + piece < length else 0),
                              how >> 4)
        else:
            self.datagram(flow, side, tcp, length, 0, how >> 4)
        return data + 8 + size

    cdef void take(self, bint digest):
        if digest:
            self.engine.take_events()
        elif self.lines is not None:
            while self.engine.pending():
                self.engine.take_lines(self.lines)
        else:
            for upload in self.engine.take_uploads():
                if not upload.body or (not upload.complete and not upload.body.endswith(b"\n") and b"\n" in upload.body
                                       and len(upload.body) > 1 << 20):
                    abort()

    cdef void read_file(self, bytes content, bint digest, bint in_bytes):
        """A capture file through the reader; whatever is wrong with it must be said and harm nobody."""
        cdef bint over = False
        source = BytesIO(content)
        pipe = (lambda most: source.read(1 if in_bytes else most))
        stream = Gunzip(pipe) if content.startswith(b"\x1f\x8b") else pipe
        try:
            file = OpenFile("fuzz", -1, stream, FILE_LIMITS, 1)
        except ReadError:
            return
        while not over:
            _, over = feed([file], self.engine)
            self.take(digest)
        if not file.finished:
            abort()
        str(file.problem)
        file.close()

    cdef void run(self, const uint8_t* data, size_t size):
        cdef const uint8_t* end = data + size
        cdef uint32_t length, packets = 0
        cdef bint raw
        if size < 2:
            return
        digest = bool(data[0] & 16)
        raw = data[0] & 64
        self.engine = Engine(ports=(80,), host=HOSTS[(data[1] >> 3) & 3], limits=LIMITS[data[1] & 3], digest=digest)
        self.lines = LineFormat(json=bool(data[0] & 128), terminal=bool(data[1] & 4)) if data[0] & 32 else None
        memset(&self.made, 0, sizeof(Packet))
        self.made.time_us = 1_700_000_000_000_000
        self.made.link_type = LINKS[data[0] & 15] if raw else 1
        for flow in range(FLOWS):
            for which in range(2):
                self.side[flow][which].first = self.side[flow][which].next = 0xFFFFFF00u + flow * 60
        if data[1] & 32:
            self.read_file(data[2:size], digest, bool(data[1] & 64))
            data = end
        else:
            data += 2
        while data != NULL and data < end:
            if raw:
                if end - data < 3:
                    break
                self.step(data[0])
                length = (data[1] << 8) | data[2]
                data += 3
                length = min(length, <uint32_t>(end - data))
                self.packet(data, length)
                data += length
            else:
                data = self.segment(data, end)
            packets += 1
            if packets & 7 == 0:
                self.take(digest)
        self.engine.end()
        self.take(digest)
        if self.engine.core.streams.http.memory.used or self.engine.core.streams.queue_memory.used:
            abort()
        if self.engine.counters()["memory_peak"] > self.engine.limits.max_memory:
            abort()


cdef int fuzz_one(const uint8_t* data, size_t size) noexcept:
    run = Run()
    run.run(data, size)
    return 0


entry = PyCapsule_New(<void*>fuzz_one, "fuzz_one", NULL)
