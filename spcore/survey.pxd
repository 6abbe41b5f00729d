from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from spcore.headers cimport ACK, SYN, Address, Datagram, Segment, be16

cdef enum:
    SURVEY_BITS = 10
    SURVEY_PLACES = 1 << SURVEY_BITS

cdef enum:                          # in a plain frame (engine.pxd)
    AT_ADDRESSES = 26
    AT_SOURCE_PORT = 34
    AT_DESTINATION_PORT = 36
    AT_FLAGS = 47

# One pair of hosts and the port of that which answers.
cdef struct Talk:
    uint64_t packets                # 0 = a free place
    uint64_t pair                   # as pair_of has it, of IPv4; 0 of IPv6
    uint16_t port
    uint8_t family
    Address server
    Address client

cdef struct Survey:
    uint64_t unlisted               # packets of pairs that found no place
    Talk places[SURVEY_PLACES]

cdef void survey_note(Survey* self, const Datagram* datagram, const Segment* segment) noexcept nogil
cdef list survey_list(const Survey* self)


cdef inline bint goes_to_server(uint32_t source_port, uint32_t destination_port, uint8_t flags) noexcept nogil:
    """The server is who answers a SYN, else who has the lower port."""
    return not flags & ACK if flags & SYN else destination_port <= source_port


cdef inline uint64_t pair_of(uint64_t addresses, bint to_server) noexcept nogil:
    """A packet's two IPv4 addresses, source first → the same number for both directions."""
    return addresses if to_server else addresses << 32 | addresses >> 32


cdef inline Talk* first_place(Survey* self, uint64_t pair, uint32_t port) noexcept nogil:
    # The highest bits of the product depend on all of both addresses.
    return &self.places[(pair ^ port) * 0x9E3779B97F4A7C15u >> (64 - SURVEY_BITS)]


cdef inline bint survey_again(Survey* self, const uint8_t* frame) noexcept nogil:
    """Counts a plain frame whose pair stands in its first place; False = it does not, and survey_note must look."""
    cdef uint32_t source_port = be16(frame + AT_SOURCE_PORT), destination_port = be16(frame + AT_DESTINATION_PORT)
    cdef bint to_server = goes_to_server(source_port, destination_port, frame[AT_FLAGS])
    cdef uint32_t port = destination_port if to_server else source_port
    cdef uint64_t pair
    cdef Talk* talk
    memcpy(&pair, frame + AT_ADDRESSES, sizeof(pair))
    pair = pair_of(pair, to_server)
    talk = first_place(self, pair, port)
    if talk.pair != pair or talk.port != port:
        return False
    talk.packets += 1
    return True
