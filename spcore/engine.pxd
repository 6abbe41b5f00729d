from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from spcore.defrag cimport Defrag
from spcore.headers cimport Address
from spcore.packets cimport Packet
from spcore.reassembly cimport Streams
from spcore.survey cimport Survey

cdef struct Core:
    Streams streams
    Defrag* defrag              # owned; NULL until the Engine is initialised
    Survey* survey              # owned; what there is instead, while nothing wanted came
    uint32_t max_nesting
    uint8_t by_mac
    uint8_t host_family         # 0 = every host
    Address host
    int64_t last_us             # packet time of the latest packet
    int64_t max_step
    uint64_t packets
    uint64_t bytes
    uint64_t other              # no TCP of a wanted port, or not of the wanted host
    uint64_t malformed
    uint64_t tcp                # of a wanted port and host
    uint64_t cut                # of these, or too short to know: the capture does not hold all of the packet
    uint64_t tunnelled          # found inside a tunnel
    uint64_t too_deep           # inside more tunnels than max_nesting
    uint64_t unreadable         # of a link type that is not read
    uint64_t clock_steps        # time went backwards or jumped ahead

cdef void core_packet(Core* core, const Packet* packet) noexcept nogil

cdef class Engine:
    cdef Core core
    cdef readonly tuple ports
    cdef readonly object host
    cdef readonly object limits
    cdef readonly bint by_mac
    cdef uint64_t batch_bytes
    cdef uint64_t batch_events
    cdef bint full(self) noexcept nogil
