# The engine's state, and the first look at a packet, which is compiled into the loop of every reader.
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp

from spcore.defrag cimport Defrag
from spcore.headers cimport FAMILY_IPV4, FAMILY_NONE, PROTOCOL_TCP, PROTOCOL_UDP, Address, be16
from spcore.links cimport TYPE_IPV4, TYPE_IPV6
from spcore.packets cimport Packet
from spcore.reassembly cimport Streams, wanted_port
from spcore.survey cimport Survey, survey_again
from spcore.tunnels cimport tunnel_port

cdef enum:
    ETHERNET = 1

# What the first look says. Plain is IPv4 without options and not in fragments, in an untagged Ethernet frame.
cdef enum Look:
    LOOK_CLOSER             # not plain, or perhaps a tunnel
    LOOK_WANTED             # a plain segment of the wanted host, from or to a wanted port
    LOOK_SEGMENT            # a plain segment, certainly not wanted
    LOOK_OTHER              # certainly not wanted, and no TCP

# Where things stand in the frames that the first look knows.
cdef enum:
    PLAIN_BYTES = 54        # headers of Ethernet, IPv4 and TCP
    AT_TYPE = 12
    AT_VERSION = 14
    AT_FRAGMENT = 20
    AT_PROTOCOL = 23
    AT_SOURCE = 26
    AT_DESTINATION = 30
    AT_SOURCE_PORT = 34
    AT_DESTINATION_PORT = 36
    V6_UDP_BYTES = 62       # headers of Ethernet, IPv6 and UDP
    V6_AT_PROTOCOL = 20
    V6_AT_DESTINATION_PORT = 56

cdef struct Core:
    Streams streams
    Defrag* defrag              # owned; NULL until the Engine is initialised
    Survey* survey              # owned; what there is instead of wanted packets, NULL once there was one
    uint32_t max_nesting
    uint8_t by_mac
    uint8_t host_family         # 0 = every host
    Address host
    int64_t last_us             # packet time of the latest packet
    int64_t max_step
    uint64_t packets
    uint64_t other              # no TCP of a wanted port, or not of the wanted host
    uint64_t malformed
    uint64_t bytes
    uint64_t tcp                # of a wanted port and host
    uint64_t cut                # of these, or too short to know: the capture does not hold all of the packet
    uint64_t tunnelled          # found inside a tunnel
    uint64_t too_deep           # inside more tunnels than max_nesting
    uint64_t unreadable         # of a link type that is not read
    uint64_t clock_steps        # time went backwards or jumped ahead

cdef void core_open(Core* core, const Packet* packet, bint wanted) noexcept nogil
cdef void core_look_around(Core* core, const Packet* packet) noexcept nogil


cdef inline Look look_at_udp(uint32_t destination_port) noexcept nogil:
    return LOOK_CLOSER if tunnel_port(destination_port) else LOOK_OTHER


cdef inline Look first_look(const Core* core, const uint8_t* frame, uint32_t caplen) noexcept nogil:
    """Decides about nearly every Ethernet frame with a few loads: IPv4's TCP and UDP, and IPv6's UDP."""
    cdef uint32_t kind
    if caplen < PLAIN_BYTES:
        return LOOK_CLOSER
    kind = be16(frame + AT_TYPE)
    if kind == TYPE_IPV6 and frame[V6_AT_PROTOCOL] == PROTOCOL_UDP and caplen >= V6_UDP_BYTES:
        return look_at_udp(be16(frame + V6_AT_DESTINATION_PORT))
    if kind != TYPE_IPV4 or frame[AT_VERSION] != 0x45:
        return LOOK_CLOSER
    if (be16(frame + AT_FRAGMENT) & 0x3FFF) != 0:       # others of its datagram may be wanted
        return LOOK_CLOSER
    if frame[AT_PROTOCOL] != PROTOCOL_TCP:
        return look_at_udp(be16(frame + AT_DESTINATION_PORT)) if frame[AT_PROTOCOL] == PROTOCOL_UDP else LOOK_CLOSER
    if core.host_family != FAMILY_NONE and (core.host_family != FAMILY_IPV4 or (
            memcmp(frame + AT_SOURCE, core.host.byte, 4) != 0 and
            memcmp(frame + AT_DESTINATION, core.host.byte, 4) != 0)):
        return LOOK_SEGMENT
    if wanted_port(&core.streams, be16(frame + AT_SOURCE_PORT)) \
            or wanted_port(&core.streams, be16(frame + AT_DESTINATION_PORT)):
        return LOOK_WANTED
    return LOOK_SEGMENT


cdef inline void core_packet(Core* core, const Packet* packet) noexcept nogil:
    """One captured packet. Never fails: what cannot be used is counted."""
    cdef Look look = LOOK_CLOSER
    core.packets += 1
    core.bytes += packet.caplen
    if packet.link_type == ETHERNET:
        look = first_look(core, packet.data, packet.caplen)
    if look == LOOK_CLOSER or look == LOOK_WANTED:
        core_open(core, packet, look == LOOK_WANTED)
        return
    if look == LOOK_SEGMENT and core.survey != NULL and not survey_again(core.survey, packet.data):
        core_look_around(core, packet)
    core.other += 1


cdef class Engine:
    cdef Core core
    cdef readonly tuple ports
    cdef readonly object host
    cdef readonly object limits
    cdef readonly bint by_mac
    cdef uint64_t batch_bytes
    cdef uint64_t batch_events
    cdef bint full(self) noexcept nogil
