from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from spcore.headers cimport SYN, Address, Datagram, Segment

cdef enum:
    SURVEY_BITS = 10
    SURVEY_PLACES = 1 << SURVEY_BITS
    RECENT_BITS = 8
    RECENT_PLACES = 1 << RECENT_BITS

cdef enum:                          # in a plain frame (engine.pxd)
    AT_ADDRESSES = 26
    AT_SOURCE_PORT = 34
    AT_DESTINATION_PORT = 36
    AT_FLAGS = 47

# One pair of hosts and the port of that which answers.
cdef struct Talk:
    uint64_t packets                # 0 = a free place
    uint64_t pair                   # IPv4: the client's address, then the server's, as a frame has them; IPv6: 0
    uint16_t port
    uint8_t family
    Address server
    Address client

# One direction of one connection, as a plain frame writes it, and the place where it is counted.
cdef struct Recent:
    uint64_t addresses              # source first, network order
    uint32_t ports
    Talk* talk                      # NULL = a free place

# Invariants: a pair stands in one place, at most PROBES behind its first; a place once taken keeps its pair; a Recent
# points to the place of its pair.
cdef struct Survey:
    uint64_t unlisted               # packets of pairs that found no place
    Talk places[SURVEY_PLACES]
    Recent recent[RECENT_PLACES]

cdef void survey_note(Survey* self, const Datagram* datagram, const Segment* segment) noexcept nogil
cdef bint survey_plain(Survey* self, const uint8_t* frame) noexcept nogil
cdef list survey_list(const Survey* self)


cdef inline Recent* recent_place(Survey* self, uint32_t ports) noexcept nogil:
    # The highest bits of the product depend on all of both ports.
    return &self.recent[ports * 0x9E3779B1u >> (32 - RECENT_BITS)]


cdef inline bint survey_again(Survey* self, const uint8_t* frame) noexcept nogil:
    """Counts a plain frame of a direction that was seen lately; False = it was not, and survey_plain must look."""
    cdef uint64_t addresses
    cdef uint32_t ports
    cdef Recent* recent
    memcpy(&addresses, frame + AT_ADDRESSES, sizeof(addresses))
    memcpy(&ports, frame + AT_SOURCE_PORT, sizeof(ports))
    recent = recent_place(self, ports)
    # A SYN may tell the server otherwise than the ports do.
    if recent.addresses != addresses or recent.ports != ports or recent.talk == NULL or frame[AT_FLAGS] & SYN:
        return False
    recent.talk.packets += 1
    return True
