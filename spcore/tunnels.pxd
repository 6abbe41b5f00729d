from spcore.headers cimport Datagram
from spcore.links cimport Layer

cdef bint tunnel_carries(const Datagram* datagram) noexcept nogil
cdef bint tunnel_port(unsigned int port) noexcept nogil
cdef bint tunnel_enter(const Datagram* datagram, Layer* inside) noexcept nogil
