"""The tight loop: one packet in, through headers, defragmentation and reassembly, finished uploads out.

`core_packet` takes what any source gives and runs without the GIL; Python sees whole batches only. Most packets
are somebody else's traffic, so the first look (a few loads for IPv4 on Ethernet) already decides about them. What
may be a tunnel is opened: IP datagrams that carry frames that carry IP, each put together from its fragments.
Time is packet time. The core's own clock only ever advances, by at most `max_clock_step` a packet, so that a capture
whose clock steps, backwards or by years, neither hangs nor loses anything.
"""
import os

from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memset

from spcore.defrag cimport Defrag, defrag_add, defrag_clear
from spcore.events cimport EVENT_DATA, EVENT_END, EVENT_GAP, Event
from spcore.headers cimport (
    FAMILY_IPV4, FAMILY_IPV6, PARSE_MALFORMED, PARSE_OK, PROTOCOL_TCP, PROTOCOL_UDP, Address, Datagram, Parse, Segment,
    be16, parse_tcp,
)
from spcore.lines cimport LineFormat
from spcore.links cimport Layer, link_supported, parse_frame, parse_layers
from spcore.packets cimport Packet
from spcore.streams cimport (
    streams_expire, streams_finish, streams_free, streams_init, streams_segment, wanted_port,
)
from spcore.survey cimport Survey, survey_list, survey_note
from spcore.tunnels cimport tunnel_carries, tunnel_enter, tunnel_port
from spcore.uploads cimport endpoint, finished_free, to_upload

from spcore.limits import Limits

cdef extern from "<arpa/inet.h>" nogil:
    enum: AF_INET
    enum: AF_INET6
    int inet_pton(int family, const char* text, void* address)

cdef enum:
    BATCH_BYTES = 64 << 10      # uploads or stream bytes waiting to be taken: then the loop pauses
    BATCH_EVENTS = 1 << 14
    EXPIRE_EVERY = 63           # look for silent connections every 64 segments
    ETHERNET = 1


cdef inline bint first_look(const Core* core, const uint8_t* data, uint32_t caplen) noexcept nogil:
    """False = certainly not wanted: the plain case, an unfragmented IPv4 TCP segment on Ethernet, is decided here."""
    cdef const uint8_t* ports
    if caplen < 54 or be16(data + 12) != 0x0800 or data[14] != 0x45:
        return True
    if (be16(data + 20) & 0x3FFF) != 0:         # a fragment: others of its datagram may be wanted
        return True
    ports = data + 34
    if data[23] != PROTOCOL_TCP:
        return tunnel_port(be16(ports + 2)) if data[23] == PROTOCOL_UDP else True
    if core.host_family == FAMILY_IPV4:
        if memcmp(data + 26, core.host.byte, 4) != 0 and memcmp(data + 30, core.host.byte, 4) != 0:
            return False
    return wanted_port(&core.streams, be16(ports)) or wanted_port(&core.streams, be16(ports + 2))


cdef inline bint same_address(const Address* a, const Address* b) noexcept nogil:
    return a.word[0] == b.word[0] and a.word[1] == b.word[1]


cdef inline bint host_wanted(const Core* core, const Datagram* datagram) noexcept nogil:
    if core.host_family == 0:
        return True
    if core.host_family != datagram.family:
        return False
    return same_address(&core.host, &datagram.source) or same_address(&core.host, &datagram.destination)


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

    False = there is none (yet); the reason is counted.
    """
    cdef Parse parsed = parse_frame(packet.link_type, packet.data, packet.caplen, datagram)
    cdef Layer inside
    cdef uint32_t depth = 0
    if packet.link_type < 0:
        core.unreadable += 1
        return False
    while True:
        if parsed != PARSE_OK:
            if parsed == PARSE_MALFORMED:
                core.malformed += 1
                core.cut += packet.caplen < packet.length
            else:
                core.other += 1
            return False
        if datagram.fragmented:
            if not tunnel_carries(datagram) and not (host_wanted(core, datagram) and (
                    datagram.protocol == PROTOCOL_TCP or datagram.family == FAMILY_IPV6)):
                core.other += 1
                return False
            core.cut += datagram.cut
            advance_clock(core, packet.time_us)
            if not defrag_add(core.defrag, datagram, core.streams.clock) or datagram.fragmented:
                return False
        if datagram.protocol == PROTOCOL_TCP:
            core.tunnelled += depth != 0
            return True
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


cdef void note(Core* core, const Datagram* datagram, const Segment* segment) noexcept nogil:
    """Nothing wanted came so far: remembers what there is instead."""
    if core.survey == NULL:
        core.survey = <Survey*>calloc(1, sizeof(Survey))
    if core.survey != NULL:
        survey_note(core.survey, datagram, segment)


cdef void look_around(Core* core, const Packet* packet) noexcept nogil:
    """The same for a frame that the first look refused: IPv4 and TCP on Ethernet, or nothing to note."""
    cdef Datagram datagram
    cdef Segment segment
    if parse_frame(packet.link_type, packet.data, packet.caplen, &datagram) == PARSE_OK \
            and datagram.protocol == PROTOCOL_TCP \
            and parse_tcp(datagram.payload, datagram.length, &segment) == PARSE_OK:
        note(core, &datagram, &segment)


cdef void core_packet(Core* core, const Packet* packet) noexcept nogil:
    """One captured packet. Never fails: what cannot be used is counted."""
    cdef Datagram datagram
    cdef Segment segment
    core.packets += 1
    core.bytes += packet.caplen
    if packet.link_type == ETHERNET and not first_look(core, packet.data, packet.caplen):
        core.other += 1
        if core.tcp == 0:
            look_around(core, packet)
        return
    if not open_packet(core, packet, &datagram):
        return
    if parse_tcp(datagram.payload, datagram.length, &segment) != PARSE_OK:
        core.malformed += 1
        core.cut += datagram.cut
        return
    if not host_wanted(core, &datagram) or not (wanted_port(&core.streams, segment.source_port)
                                                or wanted_port(&core.streams, segment.destination_port)):
        core.other += 1
        if core.tcp == 0:
            note(core, &datagram, &segment)
        return
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
    Raises ValueError for a host that is no address.
    """

    def __cinit__(self):
        memset(&self.core, 0, sizeof(Core))

    def __init__(self, ports=(80,), host=None, limits=None, bint digest=False):
        cdef Core* core = &self.core
        cdef bytes text
        if core.defrag != NULL:
            raise RuntimeError("an Engine is initialised once")
        limits = limits or Limits()
        self.ports = tuple(ports) if ports is not None else ()
        self.host = host
        self.limits = limits
        core.defrag = <Defrag*>calloc(1, sizeof(Defrag))
        core.streams.max_flows = limits.max_flows
        if core.defrag == NULL or not streams_init(&core.streams):
            raise MemoryError()
        if host is not None:
            text = host.encode()
            if inet_pton(AF_INET, text, core.host.byte):
                core.host_family = FAMILY_IPV4
            elif inet_pton(AF_INET6, text, core.host.byte):
                core.host_family = FAMILY_IPV6
            else:
                raise ValueError(f"{host!r} is not an IP address")
        core.body_memory.limit = core.streams.queue_memory.limit = core.fragment_memory.limit = limits.max_memory // 3
        core.max_step = limits.max_clock_step
        core.max_nesting = limits.max_nesting
        seed = int.from_bytes(os.urandom(8), "little")
        core.defrag.seed = core.streams.flows.seed = seed
        core.defrag.memory = &core.fragment_memory
        core.defrag.max_datagrams = limits.max_datagrams
        core.defrag.age = limits.fragment_age
        core.streams.clock = 1
        core.streams.max_embryonic = limits.max_embryonic
        core.streams.max_queue = limits.max_queue
        core.streams.max_ranges = limits.max_ranges
        core.streams.ack_grace = limits.ack_grace
        core.streams.queue_age = limits.queue_age
        core.streams.idle_age = limits.idle_age
        core.streams.window_slack = limits.window_slack
        core.streams.unknown_window = limits.unknown_window
        core.streams.digest = digest
        core.streams.every_port = ports is None
        for port in self.ports:
            if not 0 < port < 65536:
                raise ValueError(f"{port} is no TCP port")
            core.streams.ports[port >> 3] |= 1 << (port & 7)
        core.streams.http.memory = &core.body_memory
        core.streams.http.finals = &core.finals
        core.streams.http.max_head = limits.max_head
        core.streams.http.max_body_part = limits.max_body_part

    def __dealloc__(self):
        cdef uint32_t i
        if self.core.defrag != NULL:
            streams_free(&self.core.streams)
            defrag_clear(self.core.defrag)
            free(self.core.defrag)
        for i in range(self.core.finals.count):
            finished_free(self.core.finals.items + i)
        free(self.core.finals.items)
        free(self.core.survey)

    cdef bint full(self) noexcept nogil:
        """True when the caller should take what is finished before more packets come."""
        return (self.core.finals.bytes >= BATCH_BYTES or self.core.streams.log.size >= BATCH_BYTES
                or self.core.streams.log.count >= BATCH_EVENTS)

    cdef list take(self):
        """The uploads finished since the last call."""
        cdef uint32_t i
        cdef list uploads = []
        for i in range(self.core.finals.count):
            uploads.append(to_upload(self.core.finals.items + i))
            finished_free(self.core.finals.items + i)
        self.core.finals.count = 0
        self.core.finals.bytes = 0
        return uploads

    def pending(self):
        """True when there is something to take."""
        return self.core.finals.count > 0 or self.core.streams.log.count > 0

    def take_uploads(self):
        """The uploads finished since the last call."""
        return self.take()

    def take_lines(self, LineFormat lines not None):
        """Record lines of the uploads finished since the last call, formatted: about 1 MiB at a time, so call it
        while something is `pending`. A view, good until the next call; b"" when there is nothing."""
        return lines.format(&self.core.finals)

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
        return self.take()

    def finish(self):
        """The capture is over: what is unfinished goes out, salvaged. Returns the uploads."""
        self.end()
        return self.take()

    def end(self):
        """As finish, but leaves what it gives to be taken."""
        streams_finish(&self.core.streams)

    def take_events(self):
        """Streams mode: what happened since the last call, as tuples

        ("open", stream, source, destination), ("data", stream, bytes), ("gap", stream, offset, length), ("end", stream)
        """
        cdef uint64_t i, at = 0
        cdef Event* event
        cdef list events = []
        for i in range(self.core.streams.log.count):
            event = self.core.streams.log.items + i
            if event.kind == EVENT_DATA:
                events.append(("data", event.stream, self.core.streams.log.bytes[at:at + event.length]))
                at += event.length
            elif event.kind == EVENT_GAP:
                events.append(("gap", event.stream, event.offset, event.length))
            elif event.kind == EVENT_END:
                events.append(("end", event.stream))
            else:
                events.append(("open", event.stream,
                               endpoint(event.ends.family, &event.ends.source, event.ends.source_port),
                               endpoint(event.ends.family, &event.ends.destination, event.ends.destination_port)))
        self.core.streams.log.count = 0
        self.core.streams.log.size = 0
        return events

    def survey(self):
        """The TCP conversations seen before the first wanted packet: (port, server, client, packets), most first."""
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
        result["memory"] = core.body_memory.used + core.streams.queue_memory.used + core.fragment_memory.used
        result["memory_peak"] = core.body_memory.peak + core.streams.queue_memory.peak + core.fragment_memory.peak
        return result
