from libc.stdint cimport uint8_t, uint32_t

from spcore.headers cimport Datagram, Parse

# What a pointer stands at, named by the EtherType that announces it. LAYER_RAW_IP: version nibble decides.
cdef enum:
    LAYER_RAW_IP = 0x0800
    LAYER_ETHERNET = 0x6558     # RFC 1701: transparent Ethernet bridging
    LAYER_PPP = 0x880B
    LAYER_MPLS = 0x8847

cdef struct Layer:
    uint32_t kind
    uint32_t length
    const uint8_t* data

cdef bint link_supported(int link_type) noexcept nogil
cdef Parse parse_frame(int link_type, const uint8_t* data, uint32_t caplen, Datagram* out) noexcept nogil
cdef Parse parse_layers(uint32_t kind, const uint8_t* data, uint32_t length, Datagram* out) noexcept nogil
