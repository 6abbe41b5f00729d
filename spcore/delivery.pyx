"""Delivers a direction to its consumer: bytes in order, holes as holes, the end once; and evicts when memory is short.

The consumer of a direction is an HTTP parser, or in streams mode the event log. It is told every position from `start`
to the end exactly once, ascending, as data or as lost. An eviction delivers the data of other connections, and that
may need memory in turn: so both stand here, and `evicting` keeps the recursion to one level.
"""
from libc.stdint cimport uint32_t
from libc.stdlib cimport free, malloc

from spcore.assembler cimport assembler_clear, assembler_discard, assembler_peek
from spcore.endpoints cimport Endpoints, mac_number
from spcore.events cimport EVENT_DATA, EVENT_END, EVENT_HOLE, EVENT_OPEN, Event, events_add
from spcore.flows cimport Flow, flows_remove
from spcore.http cimport Parser, http_data, http_end, http_hole, http_init, http_needs
from spcore.reassembly cimport NO_END, ORIGIN, QUEUED, UNFINISHED, Half
from spcore.uploads cimport uploads_sign


# The consumer -------------------------------------------------------------------------------------------------------

cdef void endpoints_of(const Connection* connection, int side, Endpoints* ends) noexcept nogil:
    """Fills in sender and receiver of this direction."""
    ends.family = connection.flow.key.family
    ends.vlan = connection.flow.key.vlan
    ends.source = connection.flow.key.address[side]
    ends.destination = connection.flow.key.address[1 - side]
    ends.source_port = connection.flow.key.port[side]
    ends.destination_port = connection.flow.key.port[1 - side]
    ends.source_mac = connection.half[side].source_mac
    ends.destination_mac = connection.half[side].destination_mac


cdef void stream_opened(Streams* self, Connection* connection, int side, const Datagram* datagram) noexcept nogil:
    """Takes the sender from the first frame of a direction, or of a new stream on reused ports."""
    cdef Half* half = &connection.half[side]
    cdef Event* event
    half.source_mac = mac_number(datagram.source_mac)
    half.destination_mac = mac_number(datagram.destination_mac)
    if not self.digest or half.counted:
        return
    half.counted = True
    half.stream = self.streams
    self.streams += 1
    event = events_add(&self.log, EVENT_OPEN, half.stream, 0, NULL, 0)
    if event != NULL:
        endpoints_of(connection, side, &event.ends)


cdef Parser* parser_of(Streams* self, Half* half) noexcept nogil:
    """The direction's parser, made when it is first needed. NULL: out of memory, these bytes are lost."""
    if half.parser == NULL:
        half.parser = <Parser*>malloc(sizeof(Parser))
        if half.parser == NULL:
            self.http.counters.out_of_memory += 1
            return NULL
        http_init(half.parser, half.synced and half.next == half.start)
    return half.parser


cdef void sign_from(Streams* self, Connection* connection, int side, uint32_t first) noexcept nogil:
    """Uploads queued since there were `first` are this direction's."""
    cdef Endpoints ends
    if self.http.uploads.count > first:
        endpoints_of(connection, side, &ends)
        uploads_sign(&self.http.uploads, first, &ends, self.now_us)


cdef void deliver(Streams* self, Connection* connection, int side, const uint8_t* data,
                  uint64_t length) noexcept nogil:
    """The direction's next bytes, at position `next`, go to its consumer; `data` stays the caller's.

    May end other connections to make room (memory_evicted), never this one.
    """
    cdef Half* half = &connection.half[side]
    cdef Parser* parser
    cdef uint64_t need
    cdef uint32_t first
    if self.digest:
        events_add(&self.log, EVENT_DATA, half.stream, 0, data, length)
    else:
        parser = parser_of(self, half)
        if parser != NULL:
            need = http_needs(parser, length)
            if self.http.memory.used + need > self.http.memory.limit:
                evict_until(self, connection, &self.http.memory, need)
            first = self.http.uploads.count         # behind the uploads of evicted connections
            http_data(parser, &self.http, data, length)
            sign_from(self, connection, side, first)
    half.next += length


cdef void deliver_hole(Streams* self, Connection* connection, int side, uint64_t to) noexcept nogil:
    """The consumer learns that the bytes up to position `to` were lost: holes, hole_bytes."""
    cdef Half* half = &connection.half[side]
    cdef Parser* parser
    cdef uint64_t length = to - half.next
    cdef uint32_t first = self.http.uploads.count
    self.counters.holes += 1
    self.counters.hole_bytes += length
    if self.digest:
        events_add(&self.log, EVENT_HOLE, half.stream, half.next - half.start, NULL, length)
    else:
        parser = parser_of(self, half)
        if parser != NULL:
            http_hole(parser, &self.http, length)
            sign_from(self, connection, side, first)
    half.next = to


cdef void end_half(Streams* self, Connection* connection, int side) noexcept nogil:
    """Ends this direction: its consumer finishes, its memory goes back. A second call does nothing."""
    cdef Half* half = &connection.half[side]
    cdef uint32_t first = self.http.uploads.count
    if half.parser != NULL:
        http_end(half.parser, &self.http)
        sign_from(self, connection, side, first)
        free(half.parser)
        half.parser = NULL
    # streams mode: the end is told once, and only of a direction that was opened
    if half.counted and not half.ended:
        events_add(&self.log, EVENT_END, half.stream, 0, NULL, 0)
    assembler_clear(&half.queue, &self.queue_memory)
    self.counters.bytes_conflicting += half.queue.conflicts
    half.queue.conflicts = 0
    half.ended = True


# The queue ----------------------------------------------------------------------------------------------------------

cdef void deliver_queued(Streams* self, Connection* connection, int side) noexcept nogil:
    """Delivers the queued bytes that are in order now; the age of the rest counts from now."""
    cdef Half* half = &connection.half[side]
    cdef const uint8_t* piece = NULL
    cdef uint32_t size
    if half.queue.count == 0 or half.queue.ranges[0].start > half.next:
        return
    while True:
        # page by page, in place; nothing is inserted or discarded while the consumer looks at a piece
        size = assembler_peek(&half.queue, half.next, &piece)
        if size == 0:
            break
        deliver(self, connection, side, piece, size)
    assembler_discard(&half.queue, &self.queue_memory, half.next)
    half.queued_since = 0 if half.queue.count == 0 else self.clock


cdef void skip_hole(Streams* self, Connection* connection, int side, uint64_t to) noexcept nogil:
    """Gives up the bytes before position `to`, a hole or the unknown beginning, and delivers the bytes behind them."""
    cdef Half* half = &connection.half[side]
    if not half.started:
        # A lone byte captured first may be a keep-alive's garbage: the stream begins behind it.
        if half.probe and to == ORIGIN:
            to += 1
        half.started = True
        half.start = half.next = to
    elif to > half.next:
        deliver_hole(self, connection, side, to)
    deliver_queued(self, connection, side)


cdef void skip_first_hole(Streams* self, Connection* connection, int side) noexcept nogil:
    """Gives up the bytes before the first queued one; the queue is not empty."""
    skip_hole(self, connection, side, connection.half[side].queue.ranges[0].start)


cdef void flush(Streams* self, Connection* connection, int side) noexcept nogil:
    """Delivers everything that is here, holes as holes; then ends the direction."""
    cdef Half* half = &connection.half[side]
    cdef uint64_t to
    if half.ended:
        return
    while half.queue.count > 0:
        skip_first_hole(self, connection, side)
    # Bytes that were acknowledged, or lie before a FIN, were sent and never captured. An RST promises nothing.
    if half.started:
        to = min(half.acked, half.end)
        if half.end != NO_END and not half.reset:
            to = half.end
        if to > half.next:
            deliver_hole(self, connection, side, to)
    end_half(self, connection, side)


# Whole connections --------------------------------------------------------------------------------------------------

cdef void close_flow(Streams* self, Connection* connection) noexcept nogil:
    """Flushes both directions and removes the connection. The pointer is invalid afterwards."""
    cdef int side
    for side in range(2):
        if connection.half[side].tracked:
            flush(self, connection, side)
    flows_remove(&self.flows, &connection.flow)


cdef bint evict_until(Streams* self, Connection* keep, Memory* memory, uint64_t bytes) noexcept nogil:
    """Closes the longest silent holders of a budget until `bytes` more fit; never `keep`. False = they still do not.

    The delivery of an evicted connection evicts no other: it gets by with the memory there is. Counter:
    memory_evicted.
    """
    cdef int name = QUEUED if memory == &self.queue_memory else UNFINISHED
    cdef Flow* flow
    if self.evicting:
        return memory.used + bytes <= memory.limit
    self.evicting = True
    for name in range(name, UNFINISHED + 1):            # an unfinished upload may have a queue too
        while memory.used + bytes > memory.limit:
            # the longest silent but `keep`, which holds the bytes that are being taken in
            flow = self.flows.lists[name].oldest
            if flow == &keep.flow and flow != NULL:
                flow = flow.newer
            if flow == NULL:
                break
            self.counters.memory_evicted += 1
            close_flow(self, <Connection*>flow)
    self.evicting = False
    return memory.used + bytes <= memory.limit
