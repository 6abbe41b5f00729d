from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from spcore.defrag cimport Defrag
from spcore.headers cimport Address
from spcore.reassembly cimport Streams

# struct pcap_pkthdr of libpcap's stable ABI (pcap/pcap.h): a struct timeval and two lengths.
cdef struct PacketHeader:
    long seconds
    long microseconds
    uint32_t caplen
    uint32_t length

cdef struct Core:
    Streams streams
    Defrag* defrag              # owned; NULL until the Engine is initialised
    int link_type
    uint8_t host_family         # 0 = every host
    Address host
    int64_t last_us             # packet time of the latest packet
    int64_t max_step
    uint64_t packets
    uint64_t bytes
    uint64_t other              # no TCP of a wanted port, or not of the wanted host
    uint64_t malformed
    uint64_t tcp
    uint64_t clock_steps        # time went backwards or jumped ahead

cdef void core_packet(uint8_t* core, const PacketHeader* header, const uint8_t* data) noexcept nogil

cdef class Engine:
    cdef Core core
    cdef readonly tuple ports
    cdef readonly object host
    cdef readonly object limits
    cdef uint64_t batch_bytes
    cdef uint64_t batch_events
    cdef bint full(self) noexcept nogil
    cdef void set_link_type(self, int link_type)
