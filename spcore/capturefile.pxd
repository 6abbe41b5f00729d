from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from spcore.packets cimport Packet
from spcore.window cimport Window

cdef enum:
    NOT_READABLE = -1           # a packet's link type that is not read

cdef enum Step:
    STEP_PACKET                 # file.packet is the next one
    STEP_END                    # the file ended behind a record
    STEP_WAIT                   # a stream would have to be waited for
    STEP_DAMAGED                # nothing more can be believed; file.problem says why

# What an interface's packets are, in a pcapng section; a pcap file has one.
cdef struct Interface:
    int link_type               # or NOT_READABLE
    uint32_t snaplen            # 0 = none
    uint32_t fcs                # bytes of frame check sequence behind each frame
    uint64_t divide             # ticks of its clock / divide * multiply = microseconds
    uint64_t multiply
    uint8_t shift               # instead, where not 0: ticks are seconds / 2**shift
    int64_t offset_us

# An open capture file. `packet` points into the window until the next step.
cdef struct CaptureFile:
    Window window
    Packet packet
    bint held                   # `packet` was not taken yet
    bint finished
    bint pcapng
    bint swapped                # big endian: get32 and get16 undo it
    bint nanoseconds            # pcap: its fractions are
    bint lengths_swapped        # pcap: of old versions
    uint32_t record_head        # pcap: bytes before each packet
    uint32_t max_packet
    uint32_t max_interfaces
    uint32_t max_description
    Interface* interfaces
    uint32_t interface_count
    uint32_t interface_space
    int64_t last_us             # time of the latest packet that had one
    int unread_link             # a link type that packets have and nobody reads; -1 = none
    const char* problem
    uint64_t problem_at

cdef void capture_close(CaptureFile* self) noexcept nogil

cdef Step stopped(CaptureFile* self) noexcept nogil
cdef Step damaged(CaptureFile* self, const char* problem) noexcept nogil
cdef Interface* add_interface(CaptureFile* self) noexcept nogil
cdef void set_link(CaptureFile* self, Interface* interface, uint32_t link_type) noexcept nogil

cdef inline uint32_t swap32(uint32_t x) noexcept nogil:
    return (x >> 24) | ((x >> 8) & 0xFF00) | ((x << 8) & 0xFF0000) | (x << 24)


cdef inline uint32_t get32(const CaptureFile* self, const uint8_t* p) noexcept nogil:
    """Four bytes in the file's byte order, at any address."""
    cdef uint32_t x = p[0] | (<uint32_t>p[1] << 8) | (<uint32_t>p[2] << 16) | (<uint32_t>p[3] << 24)
    return swap32(x) if self.swapped else x


cdef inline uint32_t get16(const CaptureFile* self, const uint8_t* p) noexcept nogil:
    return (<uint32_t>p[0] << 8) | p[1] if self.swapped else p[0] | (<uint32_t>p[1] << 8)


cdef inline bint fill_packet(CaptureFile* self, const Interface* interface, const uint8_t* data, uint32_t caplen,
                             uint32_t length) noexcept nogil:
    """All of `packet` but its time. A frame check sequence is no data; a cut frame has less of it or none."""
    cdef uint32_t tail = 0
    if interface.fcs:
        tail = min(interface.fcs, caplen)
        if length > caplen:
            tail = tail - (length - caplen) if length - caplen < tail else 0
    self.packet.link_type = interface.link_type
    self.packet.data = data
    self.packet.caplen = caplen - tail
    self.packet.length = max(length, caplen) - interface.fcs if max(length, caplen) >= interface.fcs else 0
    return True
