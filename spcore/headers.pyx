"""Link, IP and TCP headers: from a frame to the datagram or segment it carries.

Every function takes (pointer, bytes that are there) and reads nothing behind them; what it gives out points into the
frame. Lengths are the headers' own, cut to what was captured: Ethernet padding is not data (RFC 894), a frame cut by
the snap length gives what is there. Checksums are not verified: captured outgoing frames often do not have one yet.
"""
from libc.string cimport memcpy, memset

# DLT_ numbers of libpcap's savefiles (https://www.tcpdump.org/linktypes.html).
cdef enum:
    LINK_NULL = 0
    LINK_ETHERNET = 1
    LINK_RAW_BSD = 12
    LINK_RAW_OPENBSD = 14
    LINK_RAW = 101
    LINK_LOOP = 108
    LINK_SLL = 113
    LINK_IPV4 = 228
    LINK_IPV6 = 229
    LINK_SLL2 = 276

cdef enum:
    TYPE_IPV4 = 0x0800
    TYPE_VLAN = 0x8100
    TYPE_IPV6 = 0x86DD
    TYPE_PPPOE = 0x8864
    TYPE_QINQ = 0x88A8
    TYPE_QINQ_OLD = 0x9100

cdef enum:                  # PPP protocol numbers (RFC 1661)
    PPP_IPV4 = 0x0021
    PPP_IPV6 = 0x0057

cdef enum:
    MAC_BYTES = 6

cdef enum:                  # TCP option kinds (RFC 9293 section 3.2, RFC 7323 section 2)
    OPTION_END = 0
    OPTION_NOTHING = 1
    OPTION_WINDOW_SCALE = 3
    LARGEST_SCALE = 14

LINK_NAMES = {
    LINK_NULL: "null", LINK_ETHERNET: "Ethernet", LINK_RAW_BSD: "raw IP", LINK_RAW_OPENBSD: "raw IP",
    LINK_RAW: "raw IP", LINK_LOOP: "loopback", LINK_SLL: "Linux cooked", LINK_IPV4: "raw IPv4",
    LINK_IPV6: "raw IPv6", LINK_SLL2: "Linux cooked v2",
}


cdef bint link_supported(int link_type) noexcept nogil:
    return link_type in (LINK_NULL, LINK_ETHERNET, LINK_RAW_BSD, LINK_RAW_OPENBSD, LINK_RAW, LINK_LOOP, LINK_SLL,
                         LINK_IPV4, LINK_IPV6, LINK_SLL2)


def is_supported(int link_type):
    """True when frames of this libpcap link type can be read."""
    return bool(link_supported(link_type))


cdef Parse parse_ethertype(uint32_t kind, const uint8_t* data, uint32_t length, Datagram* out) noexcept nogil:
    """Behind an Ethernet type: any number of VLAN tags, at most one PPPoE session header, then IP."""
    while kind == TYPE_VLAN or kind == TYPE_QINQ or kind == TYPE_QINQ_OLD:
        if length < 4:
            return PARSE_MALFORMED
        out.vlan = (out.vlan << 16) | (be16(data) & 0x0FFF)
        kind = be16(data + 2)
        data += 4
        length -= 4
    if kind == TYPE_PPPOE:                  # RFC 2516: version/type, code, session, length; then the PPP protocol
        if length < 8 or data[1] != 0:
            return PARSE_MALFORMED
        kind = be16(data + 6)
        if kind != PPP_IPV4 and kind != PPP_IPV6:
            return PARSE_OTHER
        return parse_ip(data + 8, length - 8, out)
    if kind == TYPE_IPV4 or kind == TYPE_IPV6:
        return parse_ip(data, length, out)
    return PARSE_OTHER


cdef Parse parse_frame(int link_type, const uint8_t* data, uint32_t caplen, Datagram* out) noexcept nogil:
    """A captured frame of `link_type` → its IP datagram or fragment in `out`."""
    cdef uint32_t family
    out.vlan = 0
    out.source_mac = out.destination_mac = NULL
    if link_type == LINK_ETHERNET:
        if caplen < 14:
            return PARSE_MALFORMED
        out.destination_mac = data
        out.source_mac = data + MAC_BYTES
        return parse_ethertype(be16(data + 12), data + 14, caplen - 14, out)
    if link_type == LINK_SLL:
        if caplen < 16:
            return PARSE_MALFORMED
        if be16(data + 4) == MAC_BYTES:
            out.source_mac = data + 6
        return parse_ethertype(be16(data + 14), data + 16, caplen - 16, out)
    if link_type == LINK_SLL2:
        if caplen < 20:
            return PARSE_MALFORMED
        if data[11] == MAC_BYTES:
            out.source_mac = data + 12
        return parse_ethertype(be16(data), data + 20, caplen - 20, out)
    if link_type == LINK_NULL or link_type == LINK_LOOP:
        # The address family is in the capturing host's byte order and numbering; the IP version says the same.
        if caplen < 4:
            return PARSE_MALFORMED
        family = be32(data)
        if (family & 0xFFFF) == 0:
            family = data[0]
        if family not in (2, 10, 24, 28, 30):
            return PARSE_OTHER
        return parse_ip(data + 4, caplen - 4, out)
    return parse_ip(data, caplen, out)


cdef Parse parse_ip(const uint8_t* data, uint32_t length, Datagram* out) noexcept nogil:
    """IPv4 (RFC 791) or IPv6 (RFC 8200) by the version nibble."""
    cdef uint32_t header, total, word
    if length < 1:
        return PARSE_MALFORMED
    if data[0] >> 4 == 4:
        header = (data[0] & 0x0F) * 4
        if header < 20 or length < header:
            return PARSE_MALFORMED
        total = be16(data + 2)
        if total == 0:                      # segmentation offload: the length was not filled in yet
            total = length
        if total < header:
            return PARSE_MALFORMED
        if total > length:
            total = length
        out.family = FAMILY_IPV4
        out.protocol = data[9]
        memset(&out.source, 0, sizeof(Address))
        memset(&out.destination, 0, sizeof(Address))
        memcpy(&out.source, data + 12, 4)
        memcpy(&out.destination, data + 16, 4)
        word = be16(data + 6)
        out.offset = (word & 0x1FFF) * 8
        out.more = (word >> 13) & 1
        out.fragmented = (word & 0x3FFF) != 0
        out.identification = be16(data + 4)
        out.payload = data + header
        out.length = total - header
        return PARSE_OK
    if data[0] >> 4 == 6:
        if length < 40:
            return PARSE_MALFORMED
        total = be16(data + 4) + 40
        if total == 40 and data[6] != PROTOCOL_NO_NEXT:   # jumbogram or offload: to the end of the frame
            total = length
        if total > length:
            total = length
        out.family = FAMILY_IPV6
        out.fragmented = 0
        out.more = 0
        out.offset = 0
        memcpy(&out.source, data + 8, 16)
        memcpy(&out.destination, data + 24, 16)
        return parse_ipv6_payload(data + 40, total - 40, data[6], out)
    return PARSE_MALFORMED


cdef Parse parse_ipv6_payload(const uint8_t* data, uint32_t length, uint8_t header, Datagram* out) noexcept nogil:
    """Walks IPv6 extension headers (RFC 8200 section 4) to the payload or to a fragment of it."""
    cdef uint32_t size
    while True:
        if header == PROTOCOL_FRAGMENT:
            if length < 8:
                return PARSE_MALFORMED
            size = be16(data + 2)
            out.offset = size & 0xFFF8
            out.more = size & 1
            out.identification = be32(data + 4)
            header = data[0]
            data += 8
            length -= 8
            if out.offset != 0 or out.more:
                out.fragmented = 1
                break
            continue                        # an atomic fragment is a whole datagram (RFC 6946)
        if header not in (PROTOCOL_HOP_BY_HOP, PROTOCOL_ROUTING, PROTOCOL_AUTHENTICATION, PROTOCOL_DESTINATION_OPTIONS,
                          PROTOCOL_MOBILITY, PROTOCOL_HIP, PROTOCOL_SHIM6):
            break
        if length < 8:
            return PARSE_MALFORMED
        # Lengths count 8-byte units without the first; authentication counts 4-byte units without two (RFC 4302).
        size = (<uint32_t>data[1] + 2) * 4 if header == PROTOCOL_AUTHENTICATION else (<uint32_t>data[1] + 1) * 8
        if length < size:
            return PARSE_MALFORMED
        header = data[0]
        data += size
        length -= size
    out.protocol = header
    out.payload = data
    out.length = length
    return PARSE_OK


cdef Parse parse_tcp(const uint8_t* data, uint32_t length, Segment* out) noexcept nogil:
    """TCP header (RFC 9293 section 3.1) with the window scale option of a SYN (RFC 7323)."""
    cdef uint32_t header, at, size
    if length < 20:
        return PARSE_MALFORMED
    header = (data[12] >> 4) * 4
    if header < 20 or header > length:
        return PARSE_MALFORMED
    out.source_port = be16(data)
    out.destination_port = be16(data + 2)
    out.sequence = be32(data + 4)
    out.acknowledgement = be32(data + 8)
    out.flags = data[13]
    out.window = be16(data + 14)
    out.scale = NO_SCALE
    out.payload = data + header
    out.length = length - header
    if out.flags & SYN:
        at = 20
        while at < header and data[at] != OPTION_END:
            if data[at] == OPTION_NOTHING:
                at += 1
                continue
            if at + 1 >= header:
                break
            size = data[at + 1]
            if size < 2 or at + size > header:
                break
            if data[at] == OPTION_WINDOW_SCALE and size == 3:
                out.scale = min(data[at + 2], <uint8_t>LARGEST_SCALE)
            at += size
    return PARSE_OK
