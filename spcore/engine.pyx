"""The tight loop: one packet in, through headers, defragmentation and reassembly, finished uploads out.

`core_packet` takes what any source gives and runs without the GIL; Python sees whole batches only. Most packets
are somebody else's traffic, so the first look (engine.pxd: a few loads, inside the reader's own loop) already decides
about them. What may be a tunnel is opened: IP datagrams that carry frames that carry IP, each put together from its
fragments.
Time is packet time. The core's own clock only ever advances, by at most `max_clock_step` a packet, so that a capture
whose clock steps, backwards or by years, neither hangs nor loses anything.
"""
import os

from libc.stdlib cimport calloc, free
from libc.string cimport memset

from spcore.connections cimport streams_expire, streams_finish, streams_free, streams_init
from spcore.defrag cimport defrag_add, defrag_free, defrag_new
from spcore.endpoints cimport mac_number, same_address
from spcore.events cimport events_take
from spcore.headers cimport (
    FAMILY_IPV4, FAMILY_IPV6, PARSE_MALFORMED, PARSE_OK, PROTOCOL_TCP, Datagram, Parse, Segment, parse_tcp,
)
from spcore.lines cimport LineFormat
from spcore.links cimport Layer, link_supported, parse_frame, parse_layers
from spcore.packets cimport Packet
from spcore.reassembly cimport wanted_port
from spcore.streams cimport streams_segment
from spcore.survey cimport Survey, survey_list, survey_note, survey_plain
from spcore.tunnels cimport tunnel_carries, tunnel_enter
from spcore.uploads cimport to_uploads

from spcore.limits import Limits

cdef extern from "<arpa/inet.h>" nogil:
    enum: AF_INET
    enum: AF_INET6
    int inet_pton(int family, const char* text, void* address)

cdef enum:
    EXPIRE_EVERY = 63           # look for silent connections every 64 segments
    SOURCE_MAC = 6              # offset in an Ethernet frame; the destination stands at 0


cdef inline bint host_wanted(const Core* core, const Datagram* datagram) noexcept nogil:
    if core.host_family == 0:
        return True
    if core.host_family != datagram.family:
        return False
    return same_address(&core.host, &datagram.source) or same_address(&core.host, &datagram.destination)


cdef inline bint told_apart(const Core* core, const Packet* packet) noexcept nogil:
    """True when the hardware addresses of this frame count, and not those in what it wraps."""
    return core.by_mac and packet.link_type == ETHERNET and packet.caplen >= 2 * SOURCE_MAC


cdef void advance_clock(Core* core, int64_t now) noexcept nogil:
    cdef int64_t step = now - core.last_us
    if core.last_us != 0:
        if step < 0 or step > core.max_step:
            core.clock_steps += 1
            step = 0 if step < 0 else core.max_step
        core.streams.clock += step
    core.last_us = now


cdef bint open_packet(Core* core, const Packet* packet, Datagram* datagram) noexcept nogil:
    """Finds the datagram that carries TCP, in as many tunnels as there are, put together from its fragments.

    False = there is none (yet); a counter says why: unreadable, malformed, other, too_deep, or one of defrag's.
    `datagram` points into the frame, or into what defrag put together: good until the next packet.
    """
    cdef Parse parsed
    cdef Layer inside
    cdef uint32_t depth = 0
    if packet.link_type < 0:
        core.unreadable += 1
        return False

    # The frame itself, then whatever it wraps: each turn is one IP datagram, each datagram one tunnel deeper.
    parsed = parse_frame(packet.link_type, packet.data, packet.caplen, datagram)
    if told_apart(core, packet):
        datagram.station = mac_number(packet.data + SOURCE_MAC)
    while True:
        if parsed != PARSE_OK:
            if parsed == PARSE_MALFORMED:
                core.malformed += 1
                core.cut += packet.caplen < packet.length
            else:
                core.other += 1
            return False

        # A fragment waits for the others of its datagram, if that may be wanted.
        if datagram.fragmented:
            if not tunnel_carries(datagram) and not (host_wanted(core, datagram) and (
                    datagram.protocol == PROTOCOL_TCP or datagram.family == FAMILY_IPV6)):
                core.other += 1
                return False
            core.cut += datagram.cut
            advance_clock(core, packet.time_us)
            if not defrag_add(core.defrag, datagram, core.streams.clock) or datagram.fragmented:
                return False

        # The innermost datagram carries TCP. Stations are told apart by the outermost frame.
        if datagram.protocol == PROTOCOL_TCP:
            core.tunnelled += depth != 0
            if datagram.station:
                datagram.destination_mac, datagram.source_mac = packet.data, packet.data + SOURCE_MAC
            return True

        # Anything else is a tunnel or not for us.
        if not tunnel_enter(datagram, &inside):
            core.other += 1
            return False
        depth += 1
        if depth > core.max_nesting:
            core.too_deep += 1
            return False
        datagram.vlan = 0
        datagram.source_mac = datagram.destination_mac = NULL
        parsed = parse_layers(inside.kind, inside.data, inside.length, datagram)


cdef void core_look_around(Core* core, const Packet* packet) noexcept nogil:
    """Tells the survey what a plain frame holds that the first look refused: a segment, or lengths that lie."""
    cdef Datagram datagram
    cdef Segment segment
    if survey_plain(core.survey, packet.data):
        return
    if parse_frame(packet.link_type, packet.data, packet.caplen, &datagram) == PARSE_OK \
            and parse_tcp(datagram.payload, datagram.length, &segment) == PARSE_OK:
        survey_note(core.survey, &datagram, &segment)


cdef void core_open(Core* core, const Packet* packet, bint wanted) noexcept nogil:
    """A packet that the first look let through; `wanted`: it has seen the host and a port that are wanted."""
    cdef Datagram datagram
    cdef Segment segment
    if not open_packet(core, packet, &datagram):
        return
    if parse_tcp(datagram.payload, datagram.length, &segment) != PARSE_OK:
        core.malformed += 1
        core.cut += datagram.cut
        return
    if not wanted and not (host_wanted(core, &datagram) and (wanted_port(&core.streams, segment.source_port) or
                                                             wanted_port(&core.streams, segment.destination_port))):
        core.other += 1
        if core.survey != NULL:
            survey_note(core.survey, &datagram, &segment)
        return
    if core.survey != NULL:
        free(core.survey)
        core.survey = NULL
    if datagram.station and not wanted_port(&core.streams, segment.destination_port):
        datagram.station = mac_number(packet.data)      # an answer belongs to whom it goes to
    core.cut += datagram.cut
    advance_clock(core, packet.time_us)
    core.tcp += 1
    streams_segment(&core.streams, &datagram, &segment, packet.time_us)
    if (core.tcp & EXPIRE_EVERY) == 0:
        streams_expire(&core.streams)


cdef class Engine:
    """The capture core's state: feed it packets through a Source, take finished uploads.

    ports: TCP ports of the collector; None = every port. host: only this address (text), None = every host.
    digest: instead of uploads, log every byte stream (`take_events`) for `suntap streams`.
    by_mac: on a wire that others can send on, tell connections and fragments of different stations apart: the hardware
    address of the frame itself counts, whatever the frame wraps, and no station adds to another's upload.
    Raises ValueError for a host that is no address.
    """

    def __cinit__(self):
        memset(&self.core, 0, sizeof(Core))

    def __init__(self, ports=(80,), host=None, limits=None, bint digest=False, bint by_mac=False):
        cdef Core* core = &self.core
        cdef bytes text
        if core.defrag != NULL:
            raise RuntimeError("an Engine is initialised once")
        limits = limits or Limits()
        ports = tuple(ports) if ports is not None else None
        self.ports = ports or ()
        self.host = host
        self.limits = limits
        self.by_mac = core.by_mac = by_mac
        self.batch_bytes = limits.batch_bytes
        self.batch_events = limits.batch_events
        core.max_step = limits.max_clock_step
        core.max_nesting = limits.max_nesting
        if host is not None:
            text = host.encode()
            if inet_pton(AF_INET, text, core.host.byte):
                core.host_family = FAMILY_IPV4
            elif inet_pton(AF_INET6, text, core.host.byte):
                core.host_family = FAMILY_IPV6
            else:
                raise ValueError(f"{host!r} is not an IP address")
        # Three budgets, so that one kind of flood does not starve the others: fragments, queues, unfinished uploads.
        budget = limits.max_memory // 3
        seed = int.from_bytes(os.urandom(8), "little")
        core.defrag = defrag_new(limits, budget, seed)
        core.survey = <Survey*>calloc(1, sizeof(Survey))
        if core.survey == NULL:
            raise MemoryError()
        streams_init(&core.streams, limits, ports, digest, budget, seed)

    def __dealloc__(self):
        streams_free(&self.core.streams)
        defrag_free(self.core.defrag)
        free(self.core.survey)

    cdef bint full(self) noexcept nogil:
        """True when the caller should take what is finished before more packets come."""
        cdef Streams* streams = &self.core.streams
        return (streams.http.uploads.bytes >= self.batch_bytes or streams.log.bytes.size >= self.batch_bytes
                or streams.log.count >= self.batch_events)

    def pending(self):
        """True when there is something to take."""
        return self.core.streams.http.uploads.count > 0 or self.core.streams.log.count > 0

    def take_uploads(self):
        """The uploads finished since the last call."""
        return to_uploads(&self.core.streams.http.uploads)

    def take_lines(self, LineFormat lines not None):
        """Record lines of the uploads finished since the last call, formatted: about 1 MiB at a time, so call it
        while something is `pending`. A view, good until the next call; b"" when there is nothing."""
        return lines.format(&self.core.streams.http.uploads)

    def feed(self, packets, int link_type=ETHERNET):
        """Packets as (time in microseconds, bytes) → the uploads they finish. Sources are quicker: for tests."""
        cdef Packet packet
        cdef const unsigned char[::1] view
        cdef uint8_t nothing = 0
        if not link_supported(link_type):
            raise ValueError(f"link type {link_type} is not supported")
        packet.link_type = link_type
        for time_us, data in packets:
            packet.time_us = time_us
            packet.caplen = packet.length = len(data)
            packet.data = &nothing
            if packet.caplen:
                view = data
                packet.data = &view[0]
            core_packet(&self.core, &packet)
        return self.take_uploads()

    def finish(self):
        """The capture is over: what is unfinished goes out, salvaged. Returns the uploads."""
        self.end()
        return self.take_uploads()

    def end(self):
        """As finish, but leaves what it gives to be taken."""
        streams_finish(&self.core.streams)

    def take_events(self):
        """Streams mode: what happened since the last call, as tuples ("open", stream, source, destination),
        ("data", stream, bytes), ("hole", stream, offset, length) and ("end", stream)."""
        return events_take(&self.core.streams.log)

    def survey(self):
        """The TCP conversations seen: (port, server, client, packets), most first; [] once a wanted packet came."""
        return survey_list(self.core.survey) if self.core.survey != NULL else []

    def counters(self):
        """Every counter of the core by name."""
        cdef Core* core = &self.core
        result = {"packets": core.packets, "bytes": core.bytes, "packets_other": core.other,
                  "packets_malformed": core.malformed, "packets_wanted": core.tcp, "packets_cut": core.cut,
                  "packets_tunnelled": core.tunnelled, "packets_unreadable": core.unreadable,
                  "nested_too_deep": core.too_deep, "clock_steps": core.clock_steps}
        result |= core.defrag.counters
        result |= core.streams.counters
        result |= core.streams.http.counters
        memories = core.streams.http.memory, core.streams.queue_memory, core.defrag.memory
        result["memory"] = sum(memory["used"] for memory in memories)
        result["memory_peak"] = sum(memory["peak"] for memory in memories)
        return result
