"""TCP segments → the byte streams their receivers saw (RFC 9293), holes included: the effect of each segment.

Positions. Every byte of a direction has a 64-bit position; the first captured (or the one behind the SYN) stands at
ORIGIN, so that earlier ones still have a place. `reassembly.position` is the only 32-bit sequence arithmetic there is.

In order, the usual case, a segment goes straight to its consumer without a copy. Anything else goes to the assembler
until the bytes before it come or are given up (holes). Without a SYN the beginning is unknown: the lowest captured
position becomes the start. A lone byte captured first may be the garbage of a keep-alive probe (RFC 9293 section
3.8.4): nothing starts with it.

FIN and in-window RST are positions, not events: data captured late but lying before them is still delivered.
"""
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from spcore.assembler cimport INSERT_NEW, INSERT_NO_MEMORY, INSERT_TOO_MANY, Insert, assembler_insert
from spcore.connections cimport connection_of, connection_touch, half_init
from spcore.delivery cimport deliver, evict_until, flush, skip_first_hole, stream_opened
from spcore.headers cimport ACK, FIN, NO_SCALE, RST, SYN
from spcore.holes cimport check_holes
from spcore.invariants cimport CHECKED, must
from spcore.reassembly cimport NO_END, ORIGIN, Connection, Half, anchor, position

cdef enum:
    INSERT_COST = 4 * 2048      # bytes beside the data that one insert may allocate: pages cut at both ends, two arrays


cdef inline uint64_t window_end(const Streams* self, const Half* half) noexcept nogil:
    """The position from which on a segment is not believed."""
    if half.edge_known:
        return max(half.edge, anchor(half)) + self.window_slack
    return anchor(half) + self.unknown_window


# Data ---------------------------------------------------------------------------------------------------------------

cdef bint within_end(Streams* self, Half* half, uint64_t at, uint64_t* length) noexcept nogil:
    """Cuts `length` at the direction's end. False = nothing is left: segments_outside."""
    if at + length[0] <= half.end:
        return True
    if half.reset:                          # the receiver did not honour that RST: the stream goes on
        half.end = NO_END
        half.reset = False
        return True
    self.counters.segments_outside += 1
    if at >= half.end:
        return False
    length[0] = half.end - at
    return True


cdef bint believed(Streams* self, const Half* half, uint64_t at, uint64_t length) noexcept nogil:
    """False, and counted why, when a receiver would not take a segment here."""
    if not half.started:
        if at + self.unknown_window < ORIGIN or at >= window_end(self, half):
            self.counters.segments_outside += 1
            return False
        return True
    if at + length <= half.next:
        self.counters.segments_old += 1     # a retransmission, or a keep-alive
        return False
    if half.edge_known and at >= half.edge and length == 1:
        self.counters.window_probes += 1    # the window is closed: the receiver drops it
        return False
    if at >= window_end(self, half):
        self.counters.segments_outside += 1
        return False
    return True


cdef void queue_data(Streams* self, Connection* connection, int side, uint64_t at, const uint8_t* data,
                     uint64_t length) noexcept nogil:
    """Data behind a hole, or before the beginning is known, waits in the assembler.

    Where a bound is reached, others give up their queue, then this direction its first hole (holes_by_queue): each
    round ends with less to store or with less stored.
    """
    cdef Half* half = &connection.half[side]
    cdef Insert done
    while True:
        done = assembler_insert(&half.queue, &self.queue_memory, at, data, <uint32_t>length, self.max_ranges)
        if done != INSERT_NO_MEMORY and done != INSERT_TOO_MANY:
            break
        if done == INSERT_NO_MEMORY and evict_until(self, connection, &self.queue_memory, INSERT_COST + length):
            continue
        self.counters.holes_by_queue += 1
        if half.queue.count == 0:
            return
        skip_first_hole(self, connection, side)
        # That delivered bytes: perhaps also the first of these, out of an overlapping piece.
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


cdef void take_data(Streams* self, Connection* connection, int side, uint64_t at, const uint8_t* data,
                    uint64_t length) noexcept nogil:
    """Payload at a position: delivered, queued (then copied) or ignored, and counted as exactly one of these."""
    cdef Half* half = &connection.half[side]
    if half.ended:
        self.counters.segments_old += 1
        return

    # Bytes that no receiver takes.
    if not within_end(self, half, at, &length) or not believed(self, half, at, length):
        return

    # Delivered bytes never change: of a retransmission that reaches further only the rest is new.
    if half.started and at < half.next:
        data += half.next - at
        length -= half.next - at
        at = half.next

    # The usual segment: in order, and nothing waits.
    if half.started and at == half.next and half.queue.count == 0:
        self.counters.segments_in_order += 1
        deliver(self, connection, side, data, length)
        return
    queue_data(self, connection, side, at, data, length)


# Flags --------------------------------------------------------------------------------------------------------------

cdef void begin_at(Streams* self, Connection* connection, int side, const Segment* segment,
                   uint64_t at) noexcept nogil:
    """A SYN says that the stream begins at position `at`."""
    cdef Half* half = &connection.half[side]
    half.synced = half.started = True
    half.scale = segment.scale
    half.start = half.next = at


cdef bint names_this_stream(Streams* self, Connection* connection, int side, const Segment* segment) noexcept nogil:
    """True when a SYN in a known direction belongs to the stream at hand, which then has its beginning."""
    cdef Half* half = &connection.half[side]
    cdef uint64_t at = position(half, segment.sequence + 1, half.start if half.started else ORIGIN)
    cdef uint64_t lowest
    # The same SYN again.
    if half.synced:
        return at == half.start
    # The beginning was found without it.
    if half.started:
        if at == half.start:
            half.synced = True
        return at == half.start
    # Captured late, its data was ahead of it. A SYN long after the data is of another connection on the same ports.
    lowest = half.queue.ranges[0].start if half.queue.count > 0 else ORIGIN
    if at <= lowest <= at + self.unknown_window and self.clock - half.queued_since <= self.ack_grace:
        begin_at(self, connection, side, segment, at)
        return True
    return False


cdef void take_syn(Streams* self, Connection* connection, int side, const Datagram* datagram,
                   const Segment* segment) noexcept nogil:
    """A SYN fixes the beginning, or starts a new stream on a reused pair of ports: ports_reused."""
    cdef Half* half = &connection.half[side]
    cdef Half* other
    cdef int d
    if half.known:
        if names_this_stream(self, connection, side, segment):
            return
        self.counters.ports_reused += 1
        for d in range(2):
            other = &connection.half[d]
            # The other side's SYN may have come first (simultaneous open, reordered capture): keep a fresh one.
            if d != side and other.synced and other.next == other.start and other.acked == other.start:
                continue
            if other.tracked:
                flush(self, connection, d)
            half_init(other, other.tracked)
    stream_opened(self, connection, side, datagram)
    half.known = True
    half.base = segment.sequence + 1
    begin_at(self, connection, side, segment, ORIGIN)


cdef void take_ack(Streams* self, Connection* connection, int side, const Segment* segment) noexcept nogil:
    """An acknowledgement of what `side` sent, with the receiver's window. Only ever moves both ahead."""
    cdef Half* half = &connection.half[side]
    cdef const Half* receiver = &connection.half[1 - side]
    cdef uint64_t at, edge, near
    if not half.known or half.ended:
        return
    near = anchor(half)
    at = position(half, segment.acknowledgement, near)
    if at > near + self.max_ack_jump or at < near - self.max_ack_jump:
        self.counters.acks_outside += 1
        return
    if half.end != NO_END and at > half.end:
        at = half.end                                   # FIN counts as one
    half.acked = max(half.acked, at)
    if segment.flags & SYN:                             # a SYN's window is not scaled, and soon superseded
        return

    # Without both SYNs the scale is unknown; without both their scale options there is none (RFC 7323 section 2.2).
    if not half.synced or not receiver.synced:
        edge = at + self.unknown_window
    elif half.scale != NO_SCALE and receiver.scale != NO_SCALE:
        edge = at + (<uint64_t>segment.window << receiver.scale)
    else:
        edge = at + segment.window
    half.edge = max(half.edge, edge)
    half.edge_known = True


cdef void take_end(Streams* self, Half* half, uint64_t at, const Segment* segment) noexcept nogil:
    """A FIN or RST at position `at` fixes where the direction ends: segments_outside, resets_outside if not believed.

    An RST counts only inside the window (RFC 9293 section 3.10.7.4): others are forged, or of an older connection.
    """
    if half.end != NO_END:
        return
    if segment.flags & FIN:
        if half.next <= at <= window_end(self, half):
            half.end = at
        else:
            self.counters.segments_outside += 1
    elif segment.flags & RST:
        if half.started and half.next <= at <= max(half.edge, half.next):
            half.end = at
            half.reset = True
        else:
            self.counters.resets_outside += 1


# One segment --------------------------------------------------------------------------------------------------------

cdef void check(const Half* half) noexcept nogil:
    """Checks the invariants that reassembly.pxd states."""
    if half.started:
        must(half.start <= half.next and (half.ended or half.next < half.end))
        must(half.queue.count == 0 or half.next < half.queue.ranges[0].start)
    must((half.queue.count > 0) == (half.queued_since != 0 and not half.ended))
    must(half.parser == NULL or (half.tracked and not half.ended))
    must(half.tracked or half.queue.count == 0)


cdef void streams_segment(Streams* self, const Datagram* datagram, const Segment* segment,
                          int64_t time_us) noexcept nogil:
    """One TCP segment; its payload stays the caller's. The caller has advanced `self.clock`.

    Uploads or events that it completes are in self.http.uploads or self.log afterwards. May close other connections,
    never this one.
    """
    cdef int side = 0
    cdef Connection* connection = connection_of(self, datagram, segment, &side)
    cdef Half* half
    cdef uint64_t at
    cdef uint32_t sequence = segment.sequence
    if connection == NULL:
        return
    self.counters.segments += 1
    self.now_us = time_us
    half = &connection.half[side]

    # Where the stream begins. A SYN takes one sequence number itself.
    if segment.flags & SYN and not segment.flags & RST:
        take_syn(self, connection, side, datagram, segment)
        sequence += 1
    if not half.known and (segment.length > 0 or (half.tracked and segment.flags & FIN)):
        half.known = True
        half.base = sequence
        if half.tracked:                                # else only its SYN and windows matter
            half.probe = segment.length == 1
            stream_opened(self, connection, side, datagram)

    # Its data, and the stream's end behind it.
    if half.tracked and half.known and not half.ended:
        at = position(half, sequence, anchor(half))
        if segment.length > 0:
            take_data(self, connection, side, at, segment.payload, segment.length)
        if segment.flags & (FIN | RST):
            take_end(self, half, at + segment.length if segment.flags & FIN else at, segment)

    # Its acknowledgement of the other direction.
    if segment.flags & ACK and connection.half[1 - side].tracked:
        take_ack(self, connection, 1 - side, segment)
        check_holes(self, connection, 1 - side)
    if half.tracked:
        check_holes(self, connection, side)
    connection_touch(self, connection)
    if CHECKED:
        check(half)
        check(&connection.half[1 - side])
