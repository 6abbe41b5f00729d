from spcore.headers cimport Datagram
from spcore.links cimport Layer

cdef enum:                      # UDP destination ports
    PORT_VXLAN = 4789
    PORT_VXLAN_GPE = 4790
    PORT_GENEVE = 6081
    PORT_MPLS = 6635
    PORT_VXLAN_LINUX = 8472     # the Linux kernel's before RFC 7348, and still its default
    PORT_TZSP = 37008

cdef bint tunnel_carries(const Datagram* datagram) noexcept nogil
cdef bint tunnel_enter(const Datagram* datagram, Layer* inside) noexcept nogil


cdef inline bint tunnel_port(unsigned int port) noexcept nogil:
    """True for the UDP ports of tunnels."""
    return port in (PORT_VXLAN, PORT_VXLAN_GPE, PORT_GENEVE, PORT_MPLS, PORT_VXLAN_LINUX, PORT_TZSP)
