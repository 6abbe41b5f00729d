from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from spcore.headers cimport Address, Datagram, Segment

cdef enum:
    SURVEY_PLACES = 512             # a power of two

# One pair of hosts and the port of that which answers.
cdef struct Talk:
    uint8_t family
    uint16_t port
    Address server
    Address client
    uint64_t packets

cdef struct Survey:
    uint32_t count
    uint64_t unlisted               # packets of pairs that found no place
    Talk places[SURVEY_PLACES]

cdef void survey_note(Survey* self, const Datagram* datagram, const Segment* segment) noexcept nogil
cdef list survey_list(const Survey* self)
