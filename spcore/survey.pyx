"""Which TCP conversations a capture holds, kept only until the first wanted packet: for the owner who gave the wrong
port, host or file.

An open-addressing table of fixed size. A pair that finds no place near its own is counted and not listed.
"""
from spcore.endpoints cimport ENDPOINT_SIZE, write_endpoint
from spcore.headers cimport SYN, ACK

cdef enum:
    PROBES = 16


cdef void survey_note(Survey* self, const Datagram* datagram, const Segment* segment) noexcept nogil:
    """Counts one segment. The server is who answers a SYN, else who has the lower port."""
    cdef bint to_server = segment.destination_port <= segment.source_port
    cdef const Address* server
    cdef const Address* client
    cdef uint16_t port
    cdef uint64_t key
    cdef uint32_t i
    cdef Talk* place
    if segment.flags & SYN:
        to_server = not segment.flags & ACK
    server, client = &datagram.destination, &datagram.source
    port = segment.destination_port
    if not to_server:
        server, client = client, server
        port = segment.source_port
    key = (server.word[0] ^ server.word[1] ^ client.word[0] * 3 ^ client.word[1] * 5 ^ port) * 0x9E3779B97F4A7C15u
    for i in range(PROBES):
        place = &self.places[((key >> 40) + i) & (SURVEY_PLACES - 1)]
        if place.packets == 0:
            place.family, place.port, place.server, place.client = datagram.family, port, server[0], client[0]
            self.count += 1
        elif place.port != port or place.server.word[0] != server.word[0] or place.server.word[1] != server.word[1] \
                or place.client.word[0] != client.word[0] or place.client.word[1] != client.word[1]:
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
