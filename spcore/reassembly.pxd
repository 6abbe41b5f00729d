# The state of reassembly: of one direction, of one connection, of all. Only data. How a byte gets in stands in streams,
# how it gets out in delivery, when it is given up in holes, which connections stay in connections.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from spcore.assembler cimport Assembler
from spcore.buffer cimport Memory
from spcore.events cimport EventLog
from spcore.flows cimport Flow, FlowTable
from spcore.http cimport HttpContext, Parser

# The recency lists, in the order in which their oldest goes first when there are too many connections.
cdef enum:
    EMBRYONIC = 0       # carried no data yet, or ended
    QUIET = 1           # nothing held
    QUEUED = 2          # segments wait behind a hole
    UNFINISHED = 3      # an upload is half here

# Every byte of a direction has a 64-bit position. The first captured (or the one behind the SYN) stands at ORIGIN, so
# that earlier ones still have a place.
cdef extern from *:
    """
    #define POSITION_ORIGIN ((uint64_t)1 << 32)
    #define POSITION_NO_END (~(uint64_t)0)
    """
    const uint64_t ORIGIN "POSITION_ORIGIN"
    const uint64_t NO_END "POSITION_NO_END"

# One direction: data sent by one side. A new one is zeroed, but for end = NO_END and scale = NO_SCALE. Invariants
# after each segment:
#   started     start <= next <= end; every byte below `next` was delivered or is a declared hole
#   queue       only positions behind `next`; empty when ended. queued_since is set exactly when it is not empty
#   not known   nothing but `tracked` means anything; not tracked: neither queue nor parser
cdef struct Half:
    uint64_t next       # position of the next byte to deliver
    uint64_t start      # position of the first byte
    uint64_t acked      # highest position the receiver acknowledged, 0 until it was heard
    uint64_t edge       # right edge of the receiver's window (highest ever)
    uint64_t end        # position of FIN or RST
    uint64_t hole_ack   # the acknowledgement that passed the hole at `next`
    int64_t hole_since  # engine clock when it did, 0 = none
    int64_t queued_since  # engine clock when something began to wait, 0 = nothing does
    uint64_t source_mac     # of the direction's first frame
    uint64_t destination_mac
    uint32_t base       # sequence number of position ORIGIN
    uint8_t tracked     # data of this direction is wanted
    uint8_t known       # base is set
    uint8_t synced      # SYN seen
    uint8_t started     # next is set
    uint8_t probe       # the first captured segment was one byte long: a keep-alive probe perhaps
    uint8_t ended       # `end` was reached
    uint8_t reset       # `end` is an RST's position
    uint8_t scale       # window scale this side announced, NO_SCALE
    uint8_t edge_known
    uint8_t counted     # streams mode: something was captured
    uint64_t stream     # streams mode: its number
    Assembler queue
    Parser* parser      # owned; made when something is first delivered

cdef struct Connection:
    Flow flow           # must stand first: the table hands out Flow*
    Half half[2]        # half[d]: data sent by side d of flow.key

cdef struct StreamCounters:
    uint64_t segments               # of tracked connections
    uint64_t segments_in_order      # delivered at once, without a copy
    uint64_t segments_queued
    uint64_t segments_old           # nothing new in them: retransmissions, keep-alives
    uint64_t segments_outside       # beyond the receiver's window or the stream's end
    uint64_t window_probes
    uint64_t acks_outside           # further away than any window
    uint64_t bytes_conflicting      # queued bytes that came again with other content
    uint64_t holes
    uint64_t hole_bytes
    uint64_t holes_by_ack
    uint64_t holes_by_queue
    uint64_t holes_by_age
    uint64_t resets_outside
    uint64_t ports_reused           # a SYN with another initial number on a live connection
    uint64_t flows
    uint64_t flows_evicted
    uint64_t embryonic_evicted
    uint64_t memory_evicted
    uint64_t flows_expired

# All connections, and the limits they obey (explained in limits.py).
cdef struct Streams:
    HttpContext http
    Memory queue_memory             # the budget of all queues; http.memory is that of unfinished uploads
    StreamCounters counters
    FlowTable flows
    uint32_t max_flows
    uint32_t max_embryonic
    uint64_t max_queue
    uint32_t max_ranges
    uint64_t max_ack_jump
    int64_t ack_grace
    int64_t queue_age
    int64_t idle_age
    uint64_t window_slack
    uint64_t unknown_window
    uint8_t digest                  # streams mode: log events instead of parsing HTTP
    uint8_t evicting                # inside evict_until
    uint8_t* ports                  # by port: 1 = wanted
    uint64_t streams                # numbered so far
    EventLog log
    int64_t clock                   # microseconds; only advances
    int64_t now_us                  # packet time of the segment at work


cdef inline bint wanted_port(const Streams* self, uint16_t port) noexcept nogil:
    return self.ports[port]


cdef inline uint64_t position(const Half* half, uint32_t sequence, uint64_t near) noexcept nogil:
    """The position of a sequence number, taken to be less than 2**31 away from position `near`.

    The only 32-bit sequence arithmetic there is (RFC 9293 section 3.4).
    """
    return near + <int64_t><int32_t>(sequence - (half.base + <uint32_t>(near - ORIGIN)))


cdef inline uint64_t anchor(const Half* half) noexcept nogil:
    """A position that is surely near what is being sent now."""
    return half.next if half.started else ORIGIN
