"""Endpoints as text: IP address and port, MAC address, VLAN tags.

Addresses are written as inet_ntop writes them (RFC 5952 for IPv6), so that equal addresses have equal text.
"""
from libc.stdio cimport snprintf

from spcore.headers cimport FAMILY_IPV4

cdef extern from "<arpa/inet.h>" nogil:
    enum: AF_INET6
    const char* inet_ntop(int family, const void* address, char* text, unsigned int size)


cdef uint32_t write_endpoint(uint8_t family, const Address* address, uint16_t port, char* out) noexcept nogil:
    """Writes "ip:port" ("[ip]:port" for IPv6) into ENDPOINT_SIZE bytes at `out`; returns its length."""
    cdef char text[46]                  # INET6_ADDRSTRLEN
    if family == FAMILY_IPV4:
        return snprintf(out, ENDPOINT_SIZE, b"%u.%u.%u.%u:%u", <unsigned>address.byte[0], <unsigned>address.byte[1],
                        <unsigned>address.byte[2], <unsigned>address.byte[3], <unsigned>port)
    inet_ntop(AF_INET6, address, text, sizeof(text))
    return snprintf(out, ENDPOINT_SIZE, b"[%s]:%u", text, <unsigned>port)


cdef str endpoint_text(uint8_t family, const Address* address, uint16_t port):
    """The same as a str."""
    cdef char text[ENDPOINT_SIZE]
    cdef uint32_t size = write_endpoint(family, address, port, text)
    return text[:size].decode("ascii")


cdef str mac_text(uint64_t mac):
    """48 bits → "02:00:5e:00:53:01"; "" for 0."""
    cdef char text[18]
    if mac == 0:
        return ""
    snprintf(text, sizeof(text), b"%02x:%02x:%02x:%02x:%02x:%02x",
             <unsigned>(mac >> 40) & 0xFF, <unsigned>(mac >> 32) & 0xFF, <unsigned>(mac >> 24) & 0xFF,
             <unsigned>(mac >> 16) & 0xFF, <unsigned>(mac >> 8) & 0xFF, <unsigned>mac & 0xFF)
    return text[:17].decode("ascii")


cdef tuple vlan_ids(uint32_t vlan):
    """Datagram.vlan → its 802.1Q ids, outermost first; id 0 only marks a priority and is left out (802.1Q 9.6)."""
    return tuple([tag for tag in (vlan >> 16, vlan & 0xFFFF) if tag])
