from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    FAMILY_NONE = 0
    FAMILY_IPV4 = 4
    FAMILY_IPV6 = 6

# IP protocol numbers and IPv6 extension headers (IANA "Assigned Internet Protocol Numbers").
cdef enum:
    PROTOCOL_HOP_BY_HOP = 0
    PROTOCOL_TCP = 6
    PROTOCOL_UDP = 17
    PROTOCOL_ROUTING = 43
    PROTOCOL_FRAGMENT = 44
    PROTOCOL_AUTHENTICATION = 51
    PROTOCOL_NO_NEXT = 59
    PROTOCOL_DESTINATION_OPTIONS = 60
    PROTOCOL_MOBILITY = 135
    PROTOCOL_HIP = 139
    PROTOCOL_SHIM6 = 140

cdef enum Parse:
    PARSE_OK = 0
    PARSE_OTHER = 1        # well formed, not for us (ARP, UDP, ...)
    PARSE_MALFORMED = 2    # lengths that lie

# One address: IPv4 lies in the first four bytes, the rest is zero, so two words compare for both families.
cdef union Address:
    uint8_t byte[16]
    uint64_t word[2]

cdef struct Datagram:
    uint8_t family
    uint8_t protocol
    uint8_t fragmented      # 1: `payload` is a fragment at byte `offset` of the datagram `identification`; else those
    uint8_t more            # two and `more` mean nothing
    uint8_t cut             # the capture holds less of it than its own header says
    uint32_t vlan           # outer tag << 16 | inner tag, 12-bit ids; 0 = untagged
    uint32_t identification
    uint32_t offset
    uint32_t length
    const uint8_t* payload
    const uint8_t* source_mac       # six bytes of the frame, NULL where its link has none
    const uint8_t* destination_mac
    uint64_t station        # Engine(by_mac=True): the address of the station it belongs to; 0 = not told apart
    Address source
    Address destination

cdef struct Segment:
    uint16_t source_port
    uint16_t destination_port
    uint32_t sequence
    uint32_t acknowledgement
    uint32_t window
    uint8_t flags
    uint8_t scale           # window scale option of a SYN; 255 = none
    uint32_t length
    const uint8_t* payload

cdef enum:
    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    ACK = 0x10
    NO_SCALE = 255

cdef inline uint32_t be16(const uint8_t* p) noexcept nogil:
    return (<uint32_t>p[0] << 8) | p[1]

cdef inline uint32_t be32(const uint8_t* p) noexcept nogil:
    return (<uint32_t>p[0] << 24) | (<uint32_t>p[1] << 16) | (<uint32_t>p[2] << 8) | p[3]

cdef Parse parse_ip(const uint8_t* data, uint32_t length, Datagram* out) noexcept nogil
cdef Parse parse_ipv6_payload(const uint8_t* data, uint32_t length, uint8_t header, Datagram* out) noexcept nogil
cdef Parse parse_tcp(const uint8_t* data, uint32_t length, Segment* out) noexcept nogil
