from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from spcore.headers cimport Address

cdef enum:
    ENDPOINT_SIZE = 64          # room for "[ip]:port" and its NUL

# Sender and receiver of one direction of a connection. A MAC is 48 bits in network order, 0 = the link has none.
cdef struct Endpoints:
    uint8_t family
    uint16_t source_port
    uint16_t destination_port
    uint32_t vlan               # as Datagram.vlan
    uint64_t source_mac
    uint64_t destination_mac
    Address source
    Address destination

cdef uint32_t write_endpoint(uint8_t family, const Address* address, uint16_t port, char* out) noexcept nogil
cdef str endpoint_text(uint8_t family, const Address* address, uint16_t port)
cdef str mac_text(uint64_t mac)
cdef tuple vlan_ids(uint32_t vlan)

cdef inline uint64_t mac_number(const uint8_t* mac) noexcept nogil:
    """Six bytes of a frame → 48 bits; 0 where the link layer has no address (NULL)."""
    if mac == NULL:
        return 0
    return (<uint64_t>mac[0] << 40) | (<uint64_t>mac[1] << 32) | (<uint64_t>mac[2] << 24) | (<uint64_t>mac[3] << 16) \
        | (<uint64_t>mac[4] << 8) | mac[5]


cdef inline bint same_address(const Address* a, const Address* b) noexcept nogil:
    return a.word[0] == b.word[0] and a.word[1] == b.word[1]


cdef inline uint64_t mix(uint64_t a, uint64_t b) noexcept nogil:
    """One round of a multiplicative hash over addresses; the constant is 2**64 over the golden ratio."""
    a = (a ^ b) * 0x9E3779B97F4A7C15u
    return a ^ (a >> 32)
