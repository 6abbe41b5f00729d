"""IP and TCP headers: from a packet to the datagram or segment it carries. (links.pyx: what stands before IP.)

Every function takes (pointer, bytes that are there) and reads nothing behind them; what it gives out points into the
frame. Lengths are the headers' own, cut to what was captured: Ethernet padding is not data (RFC 894), a frame cut by
the snap length gives what is there. Checksums are not verified: captured outgoing frames often do not have one yet.
"""
from libc.string cimport memcpy, memset

cdef enum:                  # TCP option kinds (RFC 9293 section 3.2, RFC 7323 section 2)
    OPTION_END = 0
    OPTION_NOTHING = 1
    OPTION_WINDOW_SCALE = 3
    LARGEST_SCALE = 14


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
            out.cut = 1
        out.family = FAMILY_IPV4
        out.protocol = data[9]
        memset(&out.source, 0, sizeof(Address))
        memset(&out.destination, 0, sizeof(Address))
        memcpy(&out.source, data + 12, 4)
        memcpy(&out.destination, data + 16, 4)
        word = be16(data + 6)
        out.fragmented = (word & 0x3FFF) != 0
        if out.fragmented:
            out.offset = (word & 0x1FFF) * 8
            out.more = (word >> 13) & 1
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
            out.cut = 1
        out.family = FAMILY_IPV6
        out.fragmented = 0
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
