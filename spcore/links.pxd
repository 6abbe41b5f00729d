from libc.stdint cimport uint8_t, uint32_t

from spcore.headers cimport Datagram, Parse

cdef enum:                      # EtherTypes
    TYPE_MAX_LENGTH = 1500      # IEEE 802.3: up to here the type field is a length, and 802.2 follows
    TYPE_IPV4 = 0x0800
    TYPE_ARP = 0x0806
    TYPE_VLAN = 0x8100
    TYPE_IPV6 = 0x86DD
    TYPE_MPLS_MULTICAST = 0x8848
    TYPE_PPPOE = 0x8864
    TYPE_QINQ = 0x88A8          # 802.1ad
    TYPE_QINQ_OLD = 0x9100

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
