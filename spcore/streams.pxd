# The way in: one TCP segment.
from libc.stdint cimport int64_t

from spcore.headers cimport Datagram, Segment
from spcore.reassembly cimport Streams

cdef void streams_segment(Streams* self, const Datagram* datagram, const Segment* segment,
                          int64_t time_us) noexcept nogil
