"""From a captured frame to the IP packet it carries: link types, VLAN tags, PPPoE, PPP, MPLS, 802.2.

A link type is a constant amount of bytes in front of an EtherType (`parse_frame`); from there `parse_layers`
walks: every turn consumes bytes of the frame, so it ends. Every function takes (pointer, bytes that are there) and
reads nothing behind them. Numbers: https://www.tcpdump.org/linktypes.html and IANA's IEEE 802 numbers.
"""
from spcore.headers cimport PARSE_MALFORMED, PARSE_OTHER, be16, be32, parse_ip

cdef enum:
    LINK_NULL = 0
    LINK_ETHERNET = 1
    LINK_PPP = 9
    LINK_RAW_BSD = 12
    LINK_RAW_OPENBSD = 14
    LINK_PPP_HDLC = 50
    LINK_PPP_ETHER = 51
    LINK_RAW = 101
    LINK_C_HDLC = 104
    LINK_LOOP = 108
    LINK_SLL = 113
    LINK_PPP_PPPD = 166
    LINK_IPV4 = 228
    LINK_IPV6 = 229
    LINK_NFLOG = 239
    LINK_SLL2 = 276
    LINK_DSA_BRCM = 281
    LINK_DSA_DSA = 284
    LINK_DSA_EDSA = 285

cdef enum:                      # what layers between take up
    VLAN_TAG = 4                # tag, then the next type
    PPPOE_HEADER = 6            # RFC 2516: version and type, code, session, length; then PPP
    SNAP_HEADER = 8             # RFC 1042: 802.2's three bytes, an organisation of zeros, then a type
    SNAP_802_2 = 0xAAAA0300

cdef enum:
    PPP_IPV4 = 0x0021           # IANA: PPP DLL protocol numbers
    PPP_IPV6 = 0x0057
    PPP_MPLS = 0x0281
    PPP_MPLS_MULTICAST = 0x0283

cdef enum:
    MAC_BYTES = 6

cdef enum:                      # link headers: length, place of the EtherType, place of the sender's address
    ETHERNET_HEADER = 14
    ETHERNET_TYPE = 12
    SLL_HEADER = 16             # Linux cooked
    SLL_TYPE = 14
    SLL_ADDRESS_LENGTH = 4
    SLL_ADDRESS = 6
    SLL2_HEADER = 20
    SLL2_TYPE = 0
    SLL2_ADDRESS_LENGTH = 11
    SLL2_ADDRESS = 12
    HDLC_HEADER = 4             # Cisco HDLC
    HDLC_TYPE = 2
    DSA_HEADER = 18             # a tag of four bytes between the addresses and the type
    DSA_TYPE = 16
    EDSA_HEADER = 22            # a tag of eight
    EDSA_TYPE = 20

LINK_NAMES = {
    LINK_NULL: "null", LINK_ETHERNET: "Ethernet", LINK_PPP: "PPP", LINK_RAW_BSD: "raw IP", LINK_RAW_OPENBSD: "raw IP",
    LINK_PPP_HDLC: "PPP", LINK_PPP_ETHER: "PPPoE", LINK_RAW: "raw IP", LINK_C_HDLC: "Cisco HDLC",
    LINK_LOOP: "loopback", LINK_SLL: "Linux cooked", LINK_PPP_PPPD: "PPP", LINK_IPV4: "raw IPv4",
    LINK_IPV6: "raw IPv6", LINK_NFLOG: "Linux NFLOG", LINK_SLL2: "Linux cooked v2",
    LINK_DSA_BRCM: "switch with Broadcom tags", LINK_DSA_DSA: "switch with DSA tags",
    LINK_DSA_EDSA: "switch with EtherType DSA tags",
}


cdef bint link_supported(int link_type) noexcept nogil:
    return link_type in (LINK_NULL, LINK_ETHERNET, LINK_PPP, LINK_RAW_BSD, LINK_RAW_OPENBSD, LINK_PPP_HDLC,
                         LINK_PPP_ETHER, LINK_RAW, LINK_C_HDLC, LINK_LOOP, LINK_SLL, LINK_PPP_PPPD, LINK_IPV4,
                         LINK_IPV6, LINK_NFLOG, LINK_SLL2, LINK_DSA_BRCM, LINK_DSA_DSA, LINK_DSA_EDSA)


def is_supported(int link_type):
    """True when frames of this link type can be read."""
    return bool(link_supported(link_type))


cdef inline void set_macs(const uint8_t* data, uint32_t length, Datagram* out) noexcept nogil:
    if length >= 2 * MAC_BYTES:
        out.destination_mac = data
        out.source_mac = data + MAC_BYTES


cdef Parse at_type(const uint8_t* data, uint32_t length, uint32_t place, uint32_t header,
                   Datagram* out) noexcept nogil:
    """A link header of `header` bytes with an EtherType at `place`."""
    cdef uint32_t kind
    if length < header:
        return PARSE_MALFORMED
    kind = be16(data + place)
    if kind == TYPE_IPV4 or kind == TYPE_IPV6:          # the usual frame: no layer between
        return parse_ip(data + header, length - header, out)
    return parse_layers(kind, data + header, length - header, out)


cdef Parse parse_null(const uint8_t* data, uint32_t length, Datagram* out) noexcept nogil:
    """Four bytes of address family, in the capturing host's byte order and numbering: the IP version says the same."""
    cdef uint32_t family
    if length < 4:
        return PARSE_MALFORMED
    family = be32(data)
    if (family & 0xFFFF) == 0:
        family = data[0]
    if family not in (2, 10, 24, 28, 30):
        return PARSE_OTHER
    return parse_ip(data + 4, length - 4, out)


cdef Parse parse_nflog(const uint8_t* data, uint32_t length, Datagram* out) noexcept nogil:
    """Family, version, resource id (4 bytes), then attributes in host byte order; number 9 is the packet."""
    cdef uint32_t at = 4, size
    if length < 4:
        return PARSE_MALFORMED
    while at + 4 <= length:
        size = data[at] | <uint32_t>data[at + 1] << 8
        if size < 4 or size > length - at:
            return PARSE_MALFORMED
        if data[at + 2] == 9 and data[at + 3] == 0:
            return parse_ip(data + at + 4, size - 4, out)
        at += (size + 3) & ~3u
    return PARSE_OTHER


cdef Parse parse_frame(int link_type, const uint8_t* data, uint32_t caplen, Datagram* out) noexcept nogil:
    """A captured frame of `link_type` → its IP packet or fragment in `out`, tunnels not opened."""
    out.vlan = 0
    out.cut = 0
    out.station = 0
    out.source_mac = out.destination_mac = NULL
    if link_type == LINK_ETHERNET:
        set_macs(data, caplen, out)
        return at_type(data, caplen, ETHERNET_TYPE, ETHERNET_HEADER, out)
    if link_type == LINK_SLL:
        if caplen >= SLL_HEADER and be16(data + SLL_ADDRESS_LENGTH) == MAC_BYTES:
            out.source_mac = data + SLL_ADDRESS
        return at_type(data, caplen, SLL_TYPE, SLL_HEADER, out)
    if link_type == LINK_SLL2:
        if caplen >= SLL2_HEADER and data[SLL2_ADDRESS_LENGTH] == MAC_BYTES:
            out.source_mac = data + SLL2_ADDRESS
        return at_type(data, caplen, SLL2_TYPE, SLL2_HEADER, out)
    if link_type == LINK_NULL or link_type == LINK_LOOP:
        return parse_null(data, caplen, out)
    if link_type == LINK_PPP or link_type == LINK_PPP_HDLC:
        if caplen >= 1 and data[0] in (0x0F, 0x8F):         # Cisco HDLC under PPP's number
            return at_type(data, caplen, HDLC_TYPE, HDLC_HEADER, out)
        return parse_layers(LAYER_PPP, data, caplen, out)
    if link_type == LINK_PPP_PPPD:      # a byte of direction in the place of the address
        return parse_layers(LAYER_PPP, data + 2, caplen - 2, out) if caplen >= 2 else PARSE_MALFORMED
    if link_type == LINK_PPP_ETHER:
        return parse_layers(TYPE_PPPOE, data, caplen, out)
    if link_type == LINK_C_HDLC:
        return at_type(data, caplen, HDLC_TYPE, HDLC_HEADER, out)
    if link_type == LINK_NFLOG:
        return parse_nflog(data, caplen, out)
    if link_type == LINK_DSA_BRCM or link_type == LINK_DSA_DSA:
        set_macs(data, caplen, out)
        return at_type(data, caplen, DSA_TYPE, DSA_HEADER, out)
    if link_type == LINK_DSA_EDSA:
        set_macs(data, caplen, out)
        return at_type(data, caplen, EDSA_TYPE, EDSA_HEADER, out)
    return parse_ip(data, caplen, out)


cdef inline bint plausible(const uint8_t* data, uint32_t length) noexcept nogil:
    """Whether an Ethernet header with a type that is read here stands at `data`."""
    return length >= ETHERNET_HEADER and be16(data + ETHERNET_TYPE) in (
        TYPE_IPV4, TYPE_ARP, TYPE_VLAN, TYPE_IPV6, LAYER_MPLS, TYPE_MPLS_MULTICAST, TYPE_PPPOE, TYPE_QINQ,
        TYPE_QINQ_OLD)


cdef bint below_mpls(Layer* layer) noexcept nogil:
    """Pops a label stack (RFC 3032). What is below it is nowhere said: IP by its version, else a pseudowire's Ethernet
    frame, behind a control word (RFC 4448) or not. False = the stack has no bottom."""
    cdef bint bottom = False
    while not bottom:
        if layer.length < 4:
            return False
        bottom = layer.data[2] & 1
        layer.data += 4
        layer.length -= 4
    layer.kind = LAYER_RAW_IP
    if layer.length > 0 and layer.data[0] >> 4 not in (4, 6):
        layer.kind = LAYER_ETHERNET
        if layer.length > 4 and layer.data[0] >> 4 == 0 and plausible(layer.data + 4, layer.length - 4):
            layer.data += 4
            layer.length -= 4
        elif not plausible(layer.data, layer.length):
            layer.kind = 0
    return True


cdef bint below_ppp(Layer* layer) noexcept nogil:
    """The PPP protocol field (RFC 1661 section 2), behind address and control or not, one byte or two."""
    cdef uint32_t size = 2, protocol
    if layer.length >= 2 and layer.data[0] == 0xFF and layer.data[1] == 0x03:
        layer.data += 2
        layer.length -= 2
    if layer.length < 2:
        return False
    protocol = be16(layer.data)
    if layer.data[0] & 1:
        protocol = layer.data[0]
        size = 1
    layer.data += size
    layer.length -= size
    if protocol == PPP_IPV4 or protocol == PPP_IPV6:
        layer.kind = LAYER_RAW_IP
    elif protocol == PPP_MPLS or protocol == PPP_MPLS_MULTICAST:
        layer.kind = LAYER_MPLS
    else:
        layer.kind = 0
    return True


cdef Parse parse_layers(uint32_t kind, const uint8_t* data, uint32_t length, Datagram* out) noexcept nogil:
    """Whatever stands between a link header and IP, in any order: `kind` is what stands at `data`.

    Every turn consumes bytes, so it ends. `out` points into the frame. PARSE_OTHER: a layer that carries no IP;
    PARSE_MALFORMED: one whose lengths lie.
    """
    cdef Layer layer
    cdef uint32_t size
    layer.kind, layer.length, layer.data = kind, length, data
    while True:
        if layer.kind == TYPE_IPV4 or layer.kind == TYPE_IPV6:
            return parse_ip(layer.data, layer.length, out)
        if layer.kind == TYPE_VLAN or layer.kind == TYPE_QINQ or layer.kind == TYPE_QINQ_OLD:
            if layer.length < VLAN_TAG:
                return PARSE_MALFORMED
            out.vlan = (out.vlan << 16) | (be16(layer.data) & 0x0FFF)
            layer.kind = be16(layer.data + 2)
            size = VLAN_TAG
        elif layer.kind == LAYER_ETHERNET:
            if layer.length < ETHERNET_HEADER:
                return PARSE_MALFORMED
            out.vlan = 0                    # a frame inside a frame has tags of its own
            set_macs(layer.data, layer.length, out)
            layer.kind = be16(layer.data + ETHERNET_TYPE)
            size = ETHERNET_HEADER
        elif layer.kind == TYPE_PPPOE:
            if layer.length < PPPOE_HEADER + 2 or layer.data[1] != 0:      # code 0: session data
                return PARSE_MALFORMED
            layer.kind = LAYER_PPP
            size = PPPOE_HEADER
        elif layer.kind == LAYER_MPLS or layer.kind == TYPE_MPLS_MULTICAST:
            if not below_mpls(&layer):
                return PARSE_MALFORMED
            size = 0
        elif layer.kind == LAYER_PPP:
            if not below_ppp(&layer):
                return PARSE_MALFORMED
            size = 0
        elif layer.kind <= TYPE_MAX_LENGTH and layer.length >= SNAP_HEADER and be32(layer.data) == SNAP_802_2 \
                and layer.data[4] == 0 and layer.data[5] == 0:      # 802.2 with SNAP: a type after all
            layer.kind = be16(layer.data + 6)
            size = SNAP_HEADER
        else:
            return PARSE_OTHER
        layer.data += size
        layer.length -= size
