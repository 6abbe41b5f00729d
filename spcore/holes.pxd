# When a hole is given up.
from spcore.reassembly cimport Connection, Streams

cdef void check_holes(Streams* self, Connection* connection, int side) noexcept nogil
