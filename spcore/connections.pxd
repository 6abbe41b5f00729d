# The room of all connections: found or begun, touched by each segment, expired, finished.
from libc.stdint cimport uint64_t

from spcore.headers cimport Datagram, Segment
from spcore.reassembly cimport Connection, Half, Streams

cdef void half_init(Half* half, bint tracked) noexcept nogil
cdef Connection* connection_of(Streams* self, const Datagram* datagram, const Segment* segment,
                               int* side) noexcept nogil
cdef void connection_touch(Streams* self, Connection* connection) noexcept nogil
cdef void streams_expire(Streams* self) noexcept nogil
cdef void streams_finish(Streams* self) noexcept nogil
cdef int streams_init(Streams* self, object limits, ports, bint digest, uint64_t memory_limit,
                      uint64_t seed) except -1
cdef void streams_free(Streams* self) noexcept nogil
