"""When a hole is given up: bytes that were never captured, or may still turn up.

A capture is a copy: a segment may be in it late, because it was reordered, or never, because it was dropped on the way
to us and not on the way to the receiver. Four rules decide; whichever applies first ends the wait (what a hole then
costs an upload is http's).

    ack     the receiver acknowledged the bytes, so they will not be sent again, and `ack_grace` passed without them
    queue   more than `max_queue` bytes or `max_ranges` pieces wait behind the hole
    age     something waits longer than `queue_age`
    end     the connection is over, evicted or silent for too long (delivery.flush)

Without a SYN the beginning is unknown, which is a hole of unknown length: the lowest captured position becomes the
start of the stream under the same rules.
"""
from libc.stdint cimport uint64_t

from spcore.delivery cimport deliver_queued, end_half, skip_first_hole, skip_hole
from spcore.reassembly cimport Half


cdef bint passed_by_ack(Streams* self, Half* half, uint64_t front, uint64_t* lost) noexcept nogil:
    """True if the receiver has the bytes missing before position `front` and the grace is over: skip to `lost`."""
    # Does an acknowledgement lie beyond the first missing byte? (half.acked is 0 until the receiver was heard.)
    if half.acked <= (half.next if half.started else front):
        half.hole_since = 0
        return False
    # The grace begins with the first that does. Later ones may pass other holes, which have a grace of their own.
    if half.hole_since == 0:
        half.hole_since = self.clock
        half.hole_ack = half.acked
        return False
    if self.clock - half.hole_since < self.ack_grace or not (half.started or half.queue.count > 0):
        return False
    half.hole_since = 0
    lost[0] = min(front, half.hole_ack)
    return lost[0] > half.next if half.started else front < half.hole_ack


cdef void apply_rules(Streams* self, Connection* connection, int side) noexcept nogil:
    """Applies the rules until none applies; then ends the direction if nothing of it is missing any more.

    Counters: holes_by_ack, holes_by_queue, holes_by_age.
    """
    cdef Half* half = &connection.half[side]
    cdef uint64_t front, lost = 0
    if half.ended or not half.known:
        return
    while True:
        # No hole: the queue begins where delivery stopped.
        if half.started and half.queue.count > 0 and half.queue.ranges[0].start <= half.next:
            deliver_queued(self, connection, side)

        # The missing bytes end at `front`: where the queue begins, or without one where the receiver is.
        front = half.queue.ranges[0].start if half.queue.count > 0 else half.acked
        if passed_by_ack(self, half, front, &lost):
            self.counters.holes_by_ack += half.started
            skip_hole(self, connection, side, lost)
            continue

        # Nothing waits: nothing can be too much or too old.
        if half.queue.count == 0:
            break
        if half.queue.bytes > self.max_queue or half.queue.count >= self.max_ranges:
            self.counters.holes_by_queue += 1
        elif self.clock - half.queued_since > self.queue_age:
            self.counters.holes_by_age += 1
        else:
            break
        skip_first_hole(self, connection, side)

    if half.started and half.next >= half.end:
        end_half(self, connection, side)
