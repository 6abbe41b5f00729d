"""What mirror ports wrap frames in: TZSP, VXLAN, Geneve, GRE with ERSPAN I to III, IP in IP, MPLS in IP, EtherIP.

`tunnel_enter` looks at one IP datagram and finds the layer inside it; the engine parses that like any other frame, so
tunnels nest, up to Limits.max_nesting. Formats: RFC 7348 and the GPE draft (VXLAN), RFC 8926 (Geneve), RFC 2784, 2890
and 2637 (GRE), draft-foschiano-erspan (ERSPAN), TaZmen Sniffer Protocol as MikroTik sends it, RFC 3378 (EtherIP).
"""
from libc.stdint cimport uint8_t, uint32_t

from spcore.headers cimport PROTOCOL_UDP, be16
from spcore.links cimport LAYER_ETHERNET, LAYER_MPLS, LAYER_RAW_IP

cdef enum:
    PROTOCOL_IPIP = 4
    PROTOCOL_IPV6 = 41
    PROTOCOL_GRE = 47
    PROTOCOL_ETHERIP = 97
    PROTOCOL_MPLS = 137

cdef enum:                      # GRE: flags, and protocols that only it carries
    GRE_CHECKSUM = 0x8000
    GRE_ROUTING = 0x4000
    GRE_KEY = 0x2000
    GRE_SEQUENCE = 0x1000
    GRE_ACKNOWLEDGEMENT = 0x0080
    GRE_ERSPAN = 0x88BE
    GRE_ERSPAN_3 = 0x22EB

cdef enum:                      # sizes in bytes of what stands before the layer inside
    UDP_HEADER = 8
    TZSP_HEADER = 4             # before the tags
    VXLAN_HEADER = 8
    GENEVE_HEADER = 8           # before the options
    GRE_HEADER = 4              # before what its flags announce
    GRE_FIELD = 4               # checksum with offset, key, sequence number, acknowledgement
    GRE_ROUTE = 4               # head of a source route
    ERSPAN_2_HEADER = 8
    ERSPAN_3_HEADER = 12
    ERSPAN_3_PLATFORM = 8       # what may stand behind that
    ETHERIP_HEADER = 2

cdef enum:                      # VXLAN-GPE: a flag, and what follows
    VXLAN_VALID = 0x08
    VXLAN_TYPED = 0x04
    NEXT_IPV4 = 1
    NEXT_IPV6 = 2
    NEXT_ETHERNET = 3
    NEXT_MPLS = 5

cdef enum:                      # TZSP: packet types, tags, encapsulation
    TZSP_RECEIVED = 0
    TZSP_TRANSMIT = 1
    TZSP_ETHERNET = 1
    TAG_PADDING = 0
    TAG_END = 1


cdef bint tunnel_carries(const Datagram* datagram) noexcept nogil:
    """True when a datagram's protocol may carry a tunnel: its fragments are worth putting together."""
    return datagram.protocol in (PROTOCOL_UDP, PROTOCOL_GRE, PROTOCOL_IPIP, PROTOCOL_IPV6, PROTOCOL_ETHERIP,
                                 PROTOCOL_MPLS)


cdef inline bint skip(Layer* layer, uint32_t size) noexcept nogil:
    if layer.length < size:
        return False
    layer.data += size
    layer.length -= size
    return True


cdef bint enter_tzsp(Layer* layer) noexcept nogil:
    """Version 1, type, encapsulation (2), then tags: type, length, value, but for padding and the end."""
    cdef uint32_t tag
    if layer.length < TZSP_HEADER or layer.data[0] != 1 or layer.data[1] not in (TZSP_RECEIVED, TZSP_TRANSMIT):
        return False
    if be16(layer.data + 2) != TZSP_ETHERNET:
        return False
    skip(layer, TZSP_HEADER)
    while layer.length >= 1:
        tag = layer.data[0]
        if tag == TAG_END:
            layer.kind = LAYER_ETHERNET
            return skip(layer, 1)
        if tag == TAG_PADDING:
            skip(layer, 1)
        elif layer.length < 2 or not skip(layer, 2 + <uint32_t>layer.data[1]):
            return False
    return False


cdef bint enter_vxlan(Layer* layer, bint generic) noexcept nogil:
    """Eight bytes; the generic form says in the fourth what follows."""
    cdef uint8_t following = NEXT_ETHERNET
    if layer.length < VXLAN_HEADER or not layer.data[0] & VXLAN_VALID:
        return False
    if generic and layer.data[0] & VXLAN_TYPED:
        following = layer.data[3]
    skip(layer, VXLAN_HEADER)
    if following == NEXT_IPV4 or following == NEXT_IPV6:
        layer.kind = LAYER_RAW_IP
    elif following == NEXT_ETHERNET:
        layer.kind = LAYER_ETHERNET
    elif following == NEXT_MPLS:
        layer.kind = LAYER_MPLS
    else:
        return False
    return True


cdef bint enter_geneve(Layer* layer) noexcept nogil:
    """Version and length of options, flags, EtherType, network and options."""
    if layer.length < GENEVE_HEADER or layer.data[0] >> 6 != 0:
        return False
    layer.kind = be16(layer.data + 2)
    return skip(layer, GENEVE_HEADER + (layer.data[0] & 0x3F) * 4)


cdef bint enter_udp(Layer* layer) noexcept nogil:
    cdef uint32_t port, size
    if layer.length < UDP_HEADER:
        return False
    port = be16(layer.data + 2)
    size = be16(layer.data + 4)
    if size >= UDP_HEADER and size < layer.length:
        layer.length = size
    skip(layer, UDP_HEADER)
    if port == PORT_TZSP:
        return enter_tzsp(layer)
    if port == PORT_VXLAN or port == PORT_VXLAN_LINUX:
        return enter_vxlan(layer, False)
    if port == PORT_VXLAN_GPE:
        return enter_vxlan(layer, True)
    if port == PORT_GENEVE:
        return enter_geneve(layer)
    layer.kind = LAYER_MPLS
    return port == PORT_MPLS


cdef bint enter_erspan(Layer* layer, bint numbered) noexcept nogil:
    """Type II has a header of 8 bytes and needs GRE's sequence number; without one it is type I, which has none."""
    layer.kind = LAYER_ETHERNET
    return skip(layer, ERSPAN_2_HEADER) if numbered else True


cdef bint enter_erspan_3(Layer* layer) noexcept nogil:
    """Type III: 12 bytes; the last two say what kind of frame follows and whether 8 bytes more stand before it."""
    cdef uint32_t kind
    cdef bint platform
    if layer.length < ERSPAN_3_HEADER:
        return False
    kind = (layer.data[10] >> 2) & 0x1F
    platform = layer.data[11] & 1
    layer.kind = LAYER_RAW_IP if kind == 2 else LAYER_ETHERNET
    return (kind == 0 or kind == 2) and skip(layer, ERSPAN_3_HEADER + (ERSPAN_3_PLATFORM if platform else 0))


cdef bint enter_gre(Layer* layer) noexcept nogil:
    """Flags and version, protocol, then what the flags announce, four bytes each, and source routes up to an empty
    one (RFC 1701). Version 1 (PPTP) has an acknowledgement too."""
    cdef uint32_t flags, protocol, size = GRE_HEADER
    if layer.length < GRE_HEADER:
        return False
    flags = be16(layer.data)
    protocol = be16(layer.data + 2)
    if (flags & 7) > 1:
        return False
    if flags & (GRE_CHECKSUM | GRE_ROUTING):
        size += GRE_FIELD
    if flags & GRE_KEY:
        size += GRE_FIELD
    if flags & GRE_SEQUENCE:
        size += GRE_FIELD
    if flags & 7 == 1 and flags & GRE_ACKNOWLEDGEMENT:
        size += GRE_FIELD
    if not skip(layer, size):
        return False
    while flags & GRE_ROUTING:
        if layer.length < GRE_ROUTE:
            return False
        size = layer.data[3]
        if be16(layer.data) == 0 and size == 0:
            flags &= ~<uint32_t>GRE_ROUTING
        if not skip(layer, GRE_ROUTE + size):
            return False
    if protocol == GRE_ERSPAN:
        return enter_erspan(layer, flags & GRE_SEQUENCE)
    if protocol == GRE_ERSPAN_3:
        return enter_erspan_3(layer)
    layer.kind = protocol       # an EtherType: IP, MPLS, transparent Ethernet, PPP
    return True


cdef bint tunnel_enter(const Datagram* datagram, Layer* inside) noexcept nogil:
    """The layer that an unfragmented datagram carries; False = it is no tunnel, or its lengths lie."""
    inside.data, inside.length, inside.kind = datagram.payload, datagram.length, LAYER_RAW_IP
    if datagram.protocol == PROTOCOL_UDP:
        return enter_udp(inside)
    if datagram.protocol == PROTOCOL_GRE:
        return enter_gre(inside)
    if datagram.protocol == PROTOCOL_IPIP or datagram.protocol == PROTOCOL_IPV6:
        return True
    if datagram.protocol == PROTOCOL_MPLS:
        inside.kind = LAYER_MPLS
        return True
    if datagram.protocol == PROTOCOL_ETHERIP:
        inside.kind = LAYER_ETHERNET
        return skip(inside, 2)
    return False
