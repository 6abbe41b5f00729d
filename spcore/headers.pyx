"""IP and TCP headers: from a packet to the datagram or segment it carries. (links.pyx: what stands before IP.)

Every function takes (pointer, bytes that are there) and reads nothing behind them; what it gives out points into the
frame. Lengths are the headers' own, cut to what was captured: Ethernet padding is not data (RFC 894), a frame cut by
the snap length gives what is there. Checksums are not verified: captured outgoing frames often do not have one yet.
"""
from libc.string cimport memcpy, memset

cdef enum:                  # IPv4 (RFC 791 section 3.1): its shortest header, and where its fields stand
    IPV4_HEADER = 20
    IPV4_LENGTH = 2
    IPV4_IDENTIFICATION = 4
    IPV4_FRAGMENT = 6       # flags and offset in one word
    IPV4_PROTOCOL = 9
    IPV4_SOURCE = 12
    IPV4_DESTINATION = 16

cdef enum:                  # of that word: bits; the offset counts FRAGMENT_UNITs
    FRAGMENT_MORE = 0x2000
    FRAGMENT_OFFSET = 0x1FFF
    FRAGMENT_UNIT = 8

cdef enum:                  # IPv6 (RFC 8200 section 3); lengths leave its header out
    IPV6_HEADER = 40
    IPV6_LENGTH = 4
    IPV6_NEXT = 6
    IPV6_SOURCE = 8
    IPV6_DESTINATION = 24
    SMALLEST_EXTENSION = 8  # section 4: every extension header has at least so many bytes
    V6_OFFSET = 0xFFF8      # fragment header: the offset in bytes, and the flag
    V6_MORE = 1

cdef enum:                  # TCP (RFC 9293 section 3.1)
    TCP_HEADER = 20
    TCP_DESTINATION_PORT = 2
    TCP_SEQUENCE = 4
    TCP_ACKNOWLEDGEMENT = 8
    TCP_DATA_OFFSET = 12    # the high nibble, in words of four bytes
    TCP_FLAGS = 13
    TCP_WINDOW = 14

cdef enum:                  # TCP option kinds (RFC 9293 section 3.2, RFC 7323 section 2)
    OPTION_END = 0
    OPTION_NOTHING = 1
    OPTION_WINDOW_SCALE = 3
    LARGEST_SCALE = 14


cdef Parse parse_ipv4(const uint8_t* data, uint32_t length, Datagram* out) noexcept nogil:
    """An IPv4 datagram or fragment; at least one byte is there."""
    cdef uint32_t header = (data[0] & 0x0F) * 4, total, fragment
    if header < IPV4_HEADER or length < header:
        return PARSE_MALFORMED

    # How much of it is data: what the header says, as far as it was captured.
    total = be16(data + IPV4_LENGTH)
    if total == 0:                          # segmentation offload: the length was not filled in yet
        total = length
    if total < header:
        return PARSE_MALFORMED
    if total > length:
        total = length
        out.cut = 1

    out.family = FAMILY_IPV4
    out.protocol = data[IPV4_PROTOCOL]
    memset(&out.source, 0, sizeof(Address))
    memset(&out.destination, 0, sizeof(Address))
    memcpy(&out.source, data + IPV4_SOURCE, 4)
    memcpy(&out.destination, data + IPV4_DESTINATION, 4)
    fragment = be16(data + IPV4_FRAGMENT)
    out.fragmented = (fragment & (FRAGMENT_MORE | FRAGMENT_OFFSET)) != 0
    if out.fragmented:
        out.offset = (fragment & FRAGMENT_OFFSET) * FRAGMENT_UNIT
        out.more = (fragment & FRAGMENT_MORE) != 0
        out.identification = be16(data + IPV4_IDENTIFICATION)
    out.payload = data + header
    out.length = total - header
    return PARSE_OK


cdef Parse parse_ipv6(const uint8_t* data, uint32_t length, Datagram* out) noexcept nogil:
    """An IPv6 packet or fragment."""
    cdef uint32_t total
    if length < IPV6_HEADER:
        return PARSE_MALFORMED
    total = be16(data + IPV6_LENGTH) + IPV6_HEADER
    if total == IPV6_HEADER and data[IPV6_NEXT] != PROTOCOL_NO_NEXT:   # jumbogram or offload: to the end of the frame
        total = length
    if total > length:
        total = length
        out.cut = 1
    out.family = FAMILY_IPV6
    out.fragmented = 0
    memcpy(&out.source, data + IPV6_SOURCE, sizeof(Address))
    memcpy(&out.destination, data + IPV6_DESTINATION, sizeof(Address))
    return parse_ipv6_payload(data + IPV6_HEADER, total - IPV6_HEADER, data[IPV6_NEXT], out)


cdef Parse parse_ip(const uint8_t* data, uint32_t length, Datagram* out) noexcept nogil:
    """IPv4 (RFC 791) or IPv6 (RFC 8200) by the version nibble. Sets all of `out` that IP says; `vlan`, the addresses
    of the link and `station` are the caller's, and `cut` is only ever set."""
    if length < 1:
        return PARSE_MALFORMED
    if data[0] >> 4 == 4:
        return parse_ipv4(data, length, out)
    if data[0] >> 4 == 6:
        return parse_ipv6(data, length, out)
    return PARSE_MALFORMED


cdef Parse parse_ipv6_payload(const uint8_t* data, uint32_t length, uint8_t header, Datagram* out) noexcept nogil:
    """Walks IPv6 extension headers (RFC 8200 section 4) to the payload or to a fragment of it."""
    cdef uint32_t size
    while True:
        if header == PROTOCOL_FRAGMENT:
            if length < SMALLEST_EXTENSION:
                return PARSE_MALFORMED
            size = be16(data + 2)
            out.offset = size & V6_OFFSET
            out.more = size & V6_MORE
            out.identification = be32(data + 4)
            header = data[0]
            data += SMALLEST_EXTENSION
            length -= SMALLEST_EXTENSION
            if out.offset != 0 or out.more:
                out.fragmented = 1
                break
            continue                        # an atomic fragment is a whole datagram (RFC 6946)
        if header not in (PROTOCOL_HOP_BY_HOP, PROTOCOL_ROUTING, PROTOCOL_AUTHENTICATION, PROTOCOL_DESTINATION_OPTIONS,
                          PROTOCOL_MOBILITY, PROTOCOL_HIP, PROTOCOL_SHIM6):
            break
        if length < SMALLEST_EXTENSION:
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
    if length < TCP_HEADER:
        return PARSE_MALFORMED
    header = (data[TCP_DATA_OFFSET] >> 4) * 4
    if header < TCP_HEADER or header > length:
        return PARSE_MALFORMED
    out.source_port = be16(data)
    out.destination_port = be16(data + TCP_DESTINATION_PORT)
    out.sequence = be32(data + TCP_SEQUENCE)
    out.acknowledgement = be32(data + TCP_ACKNOWLEDGEMENT)
    out.flags = data[TCP_FLAGS]
    out.window = be16(data + TCP_WINDOW)
    out.scale = NO_SCALE
    out.payload = data + header
    out.length = length - header
    if out.flags & SYN:
        at = TCP_HEADER
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
