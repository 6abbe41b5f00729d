# The ways out of a connection. Each function may change anything of its Half, and through eviction others' too.
from libc.stdint cimport uint8_t, uint64_t

from spcore.buffer cimport Memory
from spcore.headers cimport Datagram
from spcore.reassembly cimport Connection, Streams

cdef void stream_opened(Streams* self, Connection* connection, int side, const Datagram* datagram) noexcept nogil
cdef void deliver(Streams* self, Connection* connection, int side, const uint8_t* data,
                  uint64_t length) noexcept nogil
cdef void deliver_queued(Streams* self, Connection* connection, int side) noexcept nogil
cdef void skip_hole(Streams* self, Connection* connection, int side, uint64_t to) noexcept nogil
cdef void skip_first_hole(Streams* self, Connection* connection, int side) noexcept nogil
cdef void end_half(Streams* self, Connection* connection, int side) noexcept nogil
cdef void flush(Streams* self, Connection* connection, int side) noexcept nogil
cdef void close_flow(Streams* self, Connection* connection) noexcept nogil
cdef bint evict_until(Streams* self, Connection* keep, Memory* memory, uint64_t bytes) noexcept nogil
