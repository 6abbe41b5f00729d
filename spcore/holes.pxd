# When a hole is given up.
from spcore.reassembly cimport Connection, Half, Streams

cdef void apply_rules(Streams* self, Connection* connection, int side) noexcept nogil


cdef inline void check_holes(Streams* self, Connection* connection, int side) noexcept nogil:
    """Gives up what need not be waited for any more, and ends the direction if nothing of it is missing.

    Called after every segment of the direction and every acknowledgement of it.
    """
    cdef Half* half = &connection.half[side]
    # The usual segment leaves nothing waiting, nothing acknowledged that is not here, and no end reached.
    if half.started and half.queue.count == 0 and half.acked <= half.next and half.next < half.end:
        half.hole_since = 0
    else:
        apply_rules(self, connection, side)
