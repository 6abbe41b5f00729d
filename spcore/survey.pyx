"""Which TCP conversations a capture holds, kept only until the first wanted packet: for the owner who gave the wrong
port, host or file.

An open-addressing table of fixed size. A pair that finds no place near its own is counted and not listed. Nearly every
frame is plain (engine.pxd) and of a pair that stands in its first place: survey_again counts it without parsing it.
"""
from spcore.endpoints cimport ENDPOINT_SIZE, same_address, write_endpoint
from spcore.headers cimport FAMILY_IPV4

cdef enum:
    PROBES = 16


cdef bint same_talk(const Talk* a, const Talk* b) noexcept nogil:
    return (a.port == b.port and a.family == b.family and same_address(&a.server, &b.server)
            and same_address(&a.client, &b.client))


cdef void survey_note(Survey* self, const Datagram* datagram, const Segment* segment) noexcept nogil:
    """Counts one segment."""
    cdef bint to_server = goes_to_server(segment.source_port, segment.destination_port, segment.flags)
    cdef Talk talk
    cdef Talk* place
    cdef uint32_t first, i
    talk.family = datagram.family
    talk.port = segment.destination_port if to_server else segment.source_port
    talk.server = datagram.destination if to_server else datagram.source
    talk.client = datagram.source if to_server else datagram.destination
    talk.pair = talk.client.word[0] | talk.server.word[0] << 32 if talk.family == FAMILY_IPV4 else 0
    talk.packets = 0
    first = first_place(self, talk.pair ^ talk.server.word[1] ^ talk.client.word[1] << 1, talk.port) - self.places
    for i in range(PROBES):
        place = &self.places[(first + i) & (SURVEY_PLACES - 1)]
        if place.packets == 0:
            place[0] = talk
        elif not same_talk(place, &talk):
            continue
        place.packets += 1
        return
    self.unlisted += 1


cdef list survey_list(const Survey* self):
    """(port, server, client, packets) of every pair, most packets first."""
    cdef list found = []
    cdef const Talk* place
    cdef uint32_t i
    for i in range(SURVEY_PLACES):
        place = &self.places[i]
        if place.packets:
            found.append((place.port, address_text(place.family, &place.server),
                          address_text(place.family, &place.client), place.packets))
    found.sort(key=lambda talk: (-talk[3], talk[0], talk[1], talk[2]))
    return found


cdef str address_text(uint8_t family, const Address* address):
    """Without a port: what --host takes."""
    cdef char text[ENDPOINT_SIZE]
    cdef str whole = text[:write_endpoint(family, address, 0, text)].decode("ascii")
    return whole.rsplit(":", 1)[0].strip("[]")
