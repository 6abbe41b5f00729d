"""Which TCP conversations a capture holds, kept only until the first wanted packet: for the owner who gave the wrong
port, host or file.

An open-addressing table of fixed size. A pair that finds no place near its own is counted and not listed. Three steps,
each for what the one before could not count: survey_again a plain frame (engine.pxd) of a direction seen lately,
survey_plain one of a pair that stands in its first place, survey_note any segment.
"""
from spcore.endpoints cimport ENDPOINT_SIZE, same_address, write_endpoint
from spcore.headers cimport ACK, FAMILY_IPV4, be16

cdef enum:
    PROBES = 16


cdef inline bint goes_to_server(uint32_t source_port, uint32_t destination_port, uint8_t flags) noexcept nogil:
    """The server is who answers a SYN, else who has the lower port."""
    return not flags & ACK if flags & SYN else destination_port <= source_port


cdef inline Talk* first_place(Survey* self, uint64_t pair, uint32_t port) noexcept nogil:
    # The highest bits of the product depend on all of both addresses.
    return &self.places[(pair ^ port) * 0x9E3779B97F4A7C15u >> (64 - SURVEY_BITS)]


cdef bint same_talk(const Talk* a, const Talk* b) noexcept nogil:
    return (a.port == b.port and a.family == b.family and same_address(&a.server, &b.server)
            and same_address(&a.client, &b.client))


cdef bint survey_plain(Survey* self, const uint8_t* frame) noexcept nogil:
    """Counts a plain frame whose pair stands in its first place; False = it does not, and survey_note must look."""
    cdef uint32_t source_port = be16(frame + AT_SOURCE_PORT), destination_port = be16(frame + AT_DESTINATION_PORT)
    cdef bint to_server = goes_to_server(source_port, destination_port, frame[AT_FLAGS])
    cdef uint32_t port = destination_port if to_server else source_port
    cdef uint64_t addresses, pair
    cdef uint32_t ports
    cdef Talk* talk
    cdef Recent* recent
    memcpy(&addresses, frame + AT_ADDRESSES, sizeof(addresses))
    pair = addresses if to_server else addresses << 32 | addresses >> 32        # the client's first
    talk = first_place(self, pair, port)
    if talk.pair != pair or talk.port != port or talk.family != FAMILY_IPV4:
        return False
    talk.packets += 1

    # Without a SYN its ports alone said who the server is: the next such frame counts here too.
    if not frame[AT_FLAGS] & SYN:
        memcpy(&ports, frame + AT_SOURCE_PORT, sizeof(ports))
        recent = recent_place(self, ports)
        recent.addresses, recent.ports, recent.talk = addresses, ports, talk
    return True


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
