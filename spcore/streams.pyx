"""TCP segments → the byte streams their receivers saw (RFC 9293), holes included.

Positions. Every byte of a direction has a 64-bit position; the first captured (or the one behind the SYN) stands at
ORIGIN, so that earlier ones still have a place. `position` is the only 32-bit sequence arithmetic there is.

In order, the usual case, a segment goes straight to its consumer without a copy. Anything else goes to the assembler
until the bytes before it come or are given up. A hole is given up when the receiver acknowledged it and its bytes
still do not turn up within `ack_grace` (nobody will send them again), when the queue reaches its bounds, by age, or at
the end. Without a SYN the beginning is unknown: the lowest captured position becomes the start under the same rules.
A lone byte captured first may be the garbage of a keep-alive probe (RFC 9293 section 3.8.4): nothing starts with it.

FIN and in-window RST are positions, not events: data captured late but lying before them is still given out. An ended
connection is remembered (in the list that is evicted first), so that retransmissions of it start nothing new.
"""
from libc.stdint cimport int32_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

from spcore.assembler cimport (
    INSERT_NEW, INSERT_NO_MEMORY, INSERT_TOO_MANY, Insert, assembler_clear, assembler_discard, assembler_insert,
    assembler_peek,
)
from spcore.events cimport EVENT_DATA, EVENT_END, EVENT_GAP, EVENT_OPEN, Event, events_add
from spcore.flows cimport (
    EMBRYONIC, LISTS, QUEUED, QUIET, UNFINISHED, Flow, FlowKey, Half, flows_add, flows_count, flows_find, flows_free,
    flows_init, flows_remove, flows_touch,
)
from spcore.headers cimport ACK, FIN, NO_SCALE, RST, SYN
from spcore.uploads cimport (
    Endpoints, Parser, http_data, http_end, http_free, http_gap, http_holds, http_init, http_needs,
)

cdef enum:
    MAX_AHEAD = 1 << 30             # RFC 7323: no window is larger

cdef uint64_t ORIGIN = <uint64_t>1 << 32
cdef uint64_t NO_END = ~<uint64_t>0


cdef inline uint64_t position(const Half* half, uint32_t sequence, uint64_t near) noexcept nogil:
    """The position of a sequence number, taken to be less than 2**31 away from position `near`."""
    return near + <int64_t><int32_t>(sequence - (half.base + <uint32_t>(near - ORIGIN)))


cdef inline uint64_t anchor(const Half* half) noexcept nogil:
    return half.next if half.started else ORIGIN


# Consumers ----------------------------------------------------------------------------------------------------------

cdef void set_ends(const Flow* flow, int side, Endpoints* ends) noexcept nogil:
    ends.family = flow.key.family
    ends.source = flow.key.address[side]
    ends.destination = flow.key.address[1 - side]
    ends.source_port = flow.key.port[side]
    ends.destination_port = flow.key.port[1 - side]


cdef void stream_opened(Streams* self, Flow* flow, int side) noexcept nogil:
    """Streams mode: the direction gets its number when something of it is first captured."""
    cdef Half* half = &flow.half[side]
    cdef Event* event
    if not self.digest or half.counted:
        return
    half.counted = True
    half.stream = self.streams
    self.streams += 1
    event = events_add(&self.log, EVENT_OPEN, half.stream, 0, NULL, 0)
    if event != NULL:
        set_ends(flow, side, &event.ends)


cdef Parser* parser_of(Streams* self, Flow* flow, int side) noexcept nogil:
    cdef Half* half = &flow.half[side]
    if half.parser == NULL:
        half.parser = <Parser*>malloc(sizeof(Parser))
        if half.parser == NULL:
            self.http.counters.out_of_memory += 1
            return NULL
        http_init(half.parser, half.synced and half.next == half.start)
    set_ends(flow, side, &self.http.ends)
    return half.parser


cdef void give(Streams* self, Flow* flow, int side, const uint8_t* data, uint64_t length) noexcept nogil:
    """The stream's next bytes go out."""
    cdef Half* half = &flow.half[side]
    cdef Parser* parser
    cdef uint64_t need
    if self.digest:
        events_add(&self.log, EVENT_DATA, half.stream, 0, data, length)
    else:
        parser = parser_of(self, flow, side)
        if parser != NULL:
            need = http_needs(parser, length)
            if self.http.memory.used + need > self.http.memory.limit:
                make_room(self, flow, &self.http.memory[0], need)
                set_ends(flow, side, &self.http.ends)
            http_data(parser, &self.http, data, length)
    half.next += length


cdef void give_gap(Streams* self, Flow* flow, int side, uint64_t to) noexcept nogil:
    """The bytes up to position `to` were lost."""
    cdef Half* half = &flow.half[side]
    cdef Parser* parser
    cdef uint64_t length = to - half.next
    self.counters.holes += 1
    self.counters.hole_bytes += length
    if self.digest:
        events_add(&self.log, EVENT_GAP, half.stream, half.next - half.start, NULL, length)
    else:
        parser = parser_of(self, flow, side)
        if parser != NULL:
            http_gap(parser, &self.http, length)
    half.next = to


cdef void end_half(Streams* self, Flow* flow, int side) noexcept nogil:
    """This direction is over: what it held goes out, its memory goes back."""
    cdef Half* half = &flow.half[side]
    if half.parser != NULL:
        set_ends(flow, side, &self.http.ends)
        http_end(half.parser, &self.http)
        http_free(half.parser, &self.http)
        free(half.parser)
        half.parser = NULL
    if half.counted and not half.ended:
        events_add(&self.log, EVENT_END, half.stream, 0, NULL, 0)
    assembler_clear(&half.queue, &self.queue_memory)
    self.counters.bytes_conflicting += half.queue.conflicts
    half.queue.conflicts = 0
    half.ended = True


# Order --------------------------------------------------------------------------------------------------------------

cdef void drain(Streams* self, Flow* flow, int side) noexcept nogil:
    """Gives out what is queued and in order."""
    cdef Half* half = &flow.half[side]
    cdef const uint8_t* piece = NULL
    cdef uint32_t size
    if half.queue.count == 0 or half.queue.ranges[0].start > half.next:
        return
    while True:
        size = assembler_peek(&half.queue, half.next, &piece)
        if size == 0:
            break
        give(self, flow, side, piece, size)
    assembler_discard(&half.queue, &self.queue_memory, half.next)
    half.queued_since = 0 if half.queue.count == 0 else self.clock


cdef void start_at(Streams* self, Flow* flow, int side, uint64_t at) noexcept nogil:
    cdef Half* half = &flow.half[side]
    half.started = True
    half.start = half.next = at


cdef void skip_hole(Streams* self, Flow* flow, int side, uint64_t to) noexcept nogil:
    """Gives up the bytes before position `to`: a hole, or the unknown beginning."""
    cdef Half* half = &flow.half[side]
    if not half.started:
        if half.probe and to == ORIGIN:
            to += 1
        start_at(self, flow, side, to)
    elif to > half.next:
        give_gap(self, flow, side, to)
    drain(self, flow, side)


cdef void skip_first_hole(Streams* self, Flow* flow, int side) noexcept nogil:
    skip_hole(self, flow, side, flow.half[side].queue.ranges[0].start)


cdef void flush(Streams* self, Flow* flow, int side) noexcept nogil:
    """Everything that is here goes out, holes as holes; then the direction ends."""
    cdef Half* half = &flow.half[side]
    cdef uint64_t to
    if half.ended:
        return
    while half.queue.count > 0:
        skip_first_hole(self, flow, side)
    if half.started:
        to = min(half.acked, half.end)
        if half.end != NO_END and not half.reset:
            to = half.end
        if to > half.next:
            give_gap(self, flow, side, to)
    end_half(self, flow, side)


cdef void check_holes(Streams* self, Flow* flow, int side) noexcept nogil:
    """Applies the rules by which a hole, or the wait for an unknown beginning, ends."""
    cdef Half* half = &flow.half[side]
    cdef uint64_t front, lost
    if half.ended or not half.known:
        return
    while True:
        if half.started and half.queue.count > 0 and half.queue.ranges[0].start <= half.next:
            drain(self, flow, side)
        front = half.queue.ranges[0].start if half.queue.count > 0 else half.acked
        # half.acked is 0 until the receiver was heard
        if half.acked > (half.next if half.started else front):
            if half.hole_since == 0:
                half.hole_since = self.clock
                half.hole_ack = half.acked
            elif self.clock - half.hole_since >= self.ack_grace and (half.started or half.queue.count > 0):
                half.hole_since = 0
                lost = min(front, half.hole_ack)
                if half.started and lost > half.next or not half.started and front < half.hole_ack:
                    self.counters.holes_by_ack += half.started
                    skip_hole(self, flow, side, lost)
                    continue
        else:
            half.hole_since = 0
        if half.queue.count > 0:
            if half.queue.bytes > self.max_queue or half.queue.count >= self.max_ranges:
                self.counters.holes_by_queue += 1
                skip_first_hole(self, flow, side)
                continue
            if self.clock - half.queued_since > self.queue_age:
                self.counters.holes_by_age += 1
                skip_first_hole(self, flow, side)
                continue
        break
    if half.started and half.next >= half.end:
        end_half(self, flow, side)


cdef inline uint64_t window_end(const Streams* self, const Half* half) noexcept nogil:
    """The position from which on a segment is not believed."""
    if half.edge_known:
        return max(half.edge, anchor(half)) + self.window_slack
    return anchor(half) + self.unknown_window


cdef void take_data(Streams* self, Flow* flow, int side, uint64_t at, const uint8_t* data,
                    uint64_t length) noexcept nogil:
    """Payload at a position: given out, queued or ignored."""
    cdef Half* half = &flow.half[side]
    cdef Insert done
    if half.ended:
        self.counters.segments_old += 1
        return
    if at + length > half.end:
        if half.reset:                      # the receiver did not honour that RST: the stream goes on
            half.end = NO_END
            half.reset = False
        else:
            self.counters.segments_outside += 1
            if at >= half.end:
                return
            length = half.end - at
    if half.started:
        if at + length <= half.next:
            self.counters.segments_old += 1
            return
        if half.edge_known and at >= half.edge and length == 1:
            self.counters.window_probes += 1   # the window is closed: the receiver drops it
            return
        if at >= window_end(self, half):
            self.counters.segments_outside += 1
            return
        if at < half.next:
            data += half.next - at
            length -= half.next - at
            at = half.next
        if at == half.next and half.queue.count == 0:
            self.counters.segments_in_order += 1
            give(self, flow, side, data, length)
            return
    elif at + self.unknown_window < ORIGIN or at >= window_end(self, half):
        self.counters.segments_outside += 1
        return
    while True:
        done = assembler_insert(&half.queue, &self.queue_memory, at, data, <uint32_t>length, self.max_ranges)
        if done != INSERT_NO_MEMORY and done != INSERT_TOO_MANY:
            break
        if done == INSERT_NO_MEMORY and make_room(self, flow, &self.queue_memory, 4 * 2048 + length):
            continue
        self.counters.holes_by_queue += 1
        if half.queue.count == 0:
            return
        skip_first_hole(self, flow, side)
        if half.next >= at + length:
            return
        if half.next > at:
            data += half.next - at
            length -= half.next - at
            at = half.next
    if half.queued_since == 0:
        half.queued_since = self.clock
    if done == INSERT_NEW:
        self.counters.segments_queued += 1
    else:
        self.counters.segments_old += 1


# Who stays -----------------------------------------------------------------------------------------------------------

cdef int list_of(const Flow* flow) noexcept nogil:
    """The recency list a connection belongs to by what it holds."""
    cdef int side, name = EMBRYONIC
    cdef const Half* half
    for side in range(2):
        half = &flow.half[side]
        if not half.tracked or half.ended:
            continue
        if half.parser != NULL and http_holds(half.parser):
            return UNFINISHED
        if half.queue.count > 0:
            name = QUEUED
        elif half.started and (half.next != half.start or half.parser != NULL) and name < QUIET:
            name = QUIET
    return name


cdef void forget(Streams* self, Flow* flow) noexcept nogil:
    """Ends both directions and frees the connection's place."""
    cdef int side
    for side in range(2):
        if flow.half[side].tracked:
            flush(self, flow, side)
    flows_remove(&self.flows, flow)


cdef bint make_room(Streams* self, Flow* keep, Memory* memory, uint64_t bytes) noexcept nogil:
    """Ends the longest silent holders until `bytes` more fit; never `keep`. False = they still do not fit.

    What an evicted connection gives out evicts nobody in turn: it has to do with the room there is.
    """
    cdef int name = QUEUED if memory == &self.queue_memory else UNFINISHED
    cdef Flow* flow
    if self.evicting:
        return memory.used + bytes <= memory.limit
    self.evicting = True
    for name in range(name, UNFINISHED + 1):            # an unfinished upload may have a queue too
        while memory.used + bytes > memory.limit:
            flow = self.flows.lists[name].oldest
            if flow == keep and flow != NULL:
                flow = flow.newer
            if flow == NULL:
                break
            self.counters.memory_evicted += 1
            forget(self, flow)
    self.evicting = False
    return memory.used + bytes <= memory.limit


cdef void half_init(Half* half, bint tracked) noexcept nogil:
    memset(half, 0, sizeof(Half))
    half.tracked = tracked
    half.end = NO_END
    half.scale = NO_SCALE


cdef Flow* new_flow(Streams* self, const FlowKey* key) noexcept nogil:
    """Room for a new connection, at the cost of the longest silent one if all places are taken."""
    cdef Flow* flow
    cdef int name
    if self.flows.lists[EMBRYONIC].count >= self.max_embryonic:
        self.counters.embryonic_evicted += 1
        forget(self, self.flows.lists[EMBRYONIC].oldest)
    if flows_count(&self.flows) >= self.max_flows:
        self.counters.flows_evicted += 1
        for name in range(LISTS):
            if self.flows.lists[name].count > 0:
                forget(self, self.flows.lists[name].oldest)
                break
    flow = flows_add(&self.flows, key)
    if flow == NULL:
        return NULL
    self.counters.flows += 1
    flow.last = self.clock
    half_init(&flow.half[0], self.digest or wanted_port(self, key.port[1]))
    half_init(&flow.half[1], self.digest or wanted_port(self, key.port[0]))
    return flow


cdef Flow* flow_of(Streams* self, const Datagram* datagram, const Segment* segment, int* side) noexcept nogil:
    """The connection of a segment, made if it may start one; `side` is the segment's sender."""
    cdef FlowKey key
    cdef Flow* flow = flows_find(&self.flows, datagram, segment, &key, side)
    if flow != NULL:
        return flow
    # Only what a wanted direction sends starts a connection, and only data or a SYN.
    if not (segment.flags & SYN or segment.length > 0) or segment.flags & RST:
        return NULL
    if not (wanted_port(self, segment.destination_port) or (self.digest and wanted_port(self, segment.source_port))):
        return NULL
    return new_flow(self, &key)


# Segments -----------------------------------------------------------------------------------------------------------

cdef void take_syn(Streams* self, Flow* flow, int side, const Segment* segment) noexcept nogil:
    """A SYN fixes the beginning, or starts a new stream on a reused pair of ports."""
    cdef Half* half = &flow.half[side]
    cdef uint32_t first = segment.sequence + 1
    cdef uint64_t at, lowest
    cdef int other
    if half.known:
        at = position(half, first, half.start if half.started else ORIGIN)
        if half.synced:
            if at == half.start:
                return                                  # the same SYN again
        elif not half.started:
            lowest = half.queue.ranges[0].start if half.queue.count > 0 else ORIGIN
            if at <= lowest <= at + self.unknown_window and self.clock - half.queued_since <= self.ack_grace:
                half.synced = True
                half.scale = segment.scale
                start_at(self, flow, side, at)          # captured late: data was ahead of it
                return
        elif at == half.start:
            half.synced = True
            return
        self.counters.ports_reused += 1
        for other in range(2):
            # The other side's SYN may have come first (simultaneous open, reordered capture): keep a fresh one.
            if other == side or not (flow.half[other].synced and flow.half[other].next == flow.half[other].start
                                     and flow.half[other].acked == flow.half[other].start):
                if flow.half[other].tracked:
                    flush(self, flow, other)
                half_init(&flow.half[other], flow.half[other].tracked)
    stream_opened(self, flow, side)
    half.known = half.synced = True
    half.base = first
    half.scale = segment.scale
    start_at(self, flow, side, ORIGIN)


cdef void take_ack(Streams* self, Flow* flow, int side, const Segment* segment) noexcept nogil:
    """An acknowledgement of what `side` sent, with the receiver's window."""
    cdef Half* half = &flow.half[side]
    cdef Half* receiver = &flow.half[1 - side]
    cdef uint64_t at, edge, near
    if not half.known or half.ended:
        return
    near = anchor(half)
    at = position(half, segment.acknowledgement, near)
    if at > near + MAX_AHEAD or at < near - MAX_AHEAD:
        return
    if half.end != NO_END and at > half.end:
        at = half.end                                   # FIN counts as one
    if at > half.acked:
        half.acked = at
    if segment.flags & SYN or not half.synced or not receiver.synced:
        edge = at + self.unknown_window                 # a SYN's window is not scaled; mid-stream the scale is unknown
    elif half.scale != NO_SCALE and receiver.scale != NO_SCALE:
        edge = at + (<uint64_t>segment.window << receiver.scale)
    else:
        edge = at + segment.window
    if segment.flags & SYN:
        return
    half.edge = max(half.edge, edge)
    half.edge_known = True


cdef void streams_segment(Streams* self, const Datagram* datagram, const Segment* segment,
                          int64_t time_us) noexcept nogil:
    """One TCP segment. `self.clock` has been advanced by the caller."""
    cdef int side
    cdef Flow* flow = flow_of(self, datagram, segment, &side)
    cdef Half* half
    cdef Half* other
    cdef uint64_t at
    cdef uint32_t sequence = segment.sequence
    if flow == NULL:
        return
    self.counters.segments += 1
    self.http.time_us = time_us
    half = &flow.half[side]
    other = &flow.half[1 - side]
    if segment.flags & SYN and not segment.flags & RST:
        take_syn(self, flow, side, segment)
        sequence += 1
    if half.tracked:
        if not half.known and (segment.length > 0 or segment.flags & FIN):
            half.known = True
            half.base = sequence
            half.probe = segment.length == 1
            stream_opened(self, flow, side)
        if half.known and not half.ended:
            at = position(half, sequence, anchor(half))
            if segment.length > 0:
                take_data(self, flow, side, at, segment.payload, segment.length)
            if segment.flags & FIN and half.end == NO_END:
                at += segment.length
                if at >= half.next and at <= window_end(self, half):
                    half.end = at
                else:
                    self.counters.segments_outside += 1
            elif segment.flags & RST and half.end == NO_END:
                if half.started and at >= half.next and at <= max(half.edge, half.next):
                    half.end = at
                    half.reset = True
                else:
                    self.counters.resets_outside += 1
    elif not half.known and segment.length > 0:
        half.known = True                               # untracked: only its SYN and windows matter
        half.base = sequence
    if segment.flags & ACK and other.tracked:
        take_ack(self, flow, 1 - side, segment)
        check_holes(self, flow, 1 - side)
    if half.tracked:
        check_holes(self, flow, side)
    flow.last = self.clock
    flows_touch(&self.flows, flow, list_of(flow))


cdef void streams_expire(Streams* self) noexcept nogil:
    """Forgets what has been silent for longer than `idle_age`; called now and then."""
    cdef int name
    for name in range(LISTS):
        while self.flows.lists[name].oldest != NULL and self.clock - self.flows.lists[name].oldest.last > self.idle_age:
            self.counters.flows_expired += 1
            forget(self, self.flows.lists[name].oldest)


cdef void streams_finish(Streams* self) noexcept nogil:
    """The capture is over: everything goes out."""
    cdef int name
    for name in range(LISTS):
        while self.flows.lists[name].oldest != NULL:
            forget(self, self.flows.lists[name].oldest)


cdef bint streams_init(Streams* self) noexcept nogil:
    """Allocates the table for `max_flows`; False = out of memory."""
    self.ports = <uint8_t*>calloc(8192, 1)
    return flows_init(&self.flows, self.max_flows) and self.ports != NULL


cdef void streams_free(Streams* self) noexcept nogil:
    """Gives all memory back; nothing is given out any more."""
    if self.flows.buckets != NULL:
        streams_finish(self)
    flows_free(&self.flows)
    free(self.ports)
    free(self.log.items)
    free(self.log.bytes)
