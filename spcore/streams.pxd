from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from spcore.assembler cimport Assembler, Memory
from spcore.headers cimport Address, Datagram, Segment
from spcore.uploads cimport Endpoints, HttpContext, Parser

cdef enum:
    LISTS = 4
    BLOCK = 128

# The four recency lists, in the order in which their oldest goes first when there are too many connections.
cdef enum:
    EMBRYONIC = 0       # carried no data yet, or ended
    QUIET = 1           # nothing held
    QUEUED = 2          # segments wait behind a hole
    UNFINISHED = 3      # an upload is half here

cdef struct Half:
    uint64_t next       # position of the next byte to give out
    uint64_t start      # position of the first byte
    uint64_t acked      # highest position the receiver acknowledged
    uint64_t edge       # right edge of the receiver's window (highest ever)
    uint64_t end        # position of FIN or RST, NO_END while unknown
    uint64_t hole_ack   # the acknowledgement that passed the hole at `next`
    int64_t hole_since  # engine clock when it did, 0 = none
    int64_t queued_since  # engine clock when something began to wait, 0 = nothing does
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
    Parser* parser

cdef struct Flow:
    Flow* chain
    Flow* older
    Flow* newer
    uint32_t bucket
    uint8_t list
    uint8_t family
    uint16_t port[2]    # side 0 is the numerically lower endpoint
    uint32_t vlan
    int64_t last        # engine clock
    Address address[2]
    Half half[2]        # half[d]: data sent by side d

cdef struct FlowList:
    Flow* oldest
    Flow* newest
    uint32_t count

cdef struct StreamCounters:
    uint64_t segments               # of tracked connections
    uint64_t segments_in_order      # given out at once, without a copy
    uint64_t segments_queued
    uint64_t segments_old           # nothing new in them: retransmissions, keep-alives
    uint64_t segments_outside       # beyond the receiver's window or the stream's end
    uint64_t window_probes
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

# streams mode: what happened, for the caller to digest after each batch
cdef enum EventKind:
    EVENT_OPEN
    EVENT_DATA
    EVENT_GAP
    EVENT_END

cdef struct Event:
    EventKind kind
    uint64_t stream
    uint64_t offset     # of a gap: position in the stream
    uint64_t length
    Endpoints ends      # EVENT_OPEN

cdef struct EventLog:
    Event* items
    uint64_t count
    uint64_t capacity
    uint8_t* bytes
    uint64_t size
    uint64_t space

cdef struct Streams:
    HttpContext http                # its Memory is the budget of unfinished uploads
    Memory queue_memory
    StreamCounters counters
    FlowList lists[LISTS]
    Flow** buckets
    uint32_t bucket_count
    Flow* free_flows
    void** blocks
    uint32_t block_count
    uint64_t seed
    uint32_t max_flows
    uint32_t max_embryonic
    uint64_t max_queue
    uint32_t max_ranges
    int64_t ack_grace
    int64_t queue_age
    int64_t idle_age
    uint64_t window_slack
    uint64_t unknown_window
    uint8_t digest                  # streams mode: log events instead of parsing HTTP
    uint8_t every_port
    uint8_t evicting                # inside make_room
    uint8_t* ports                  # bitmap of 65,536 bits
    uint64_t streams
    EventLog log
    int64_t clock

cdef bint streams_init(Streams* self) noexcept nogil
cdef void streams_segment(Streams* self, const Datagram* datagram, const Segment* segment,
                          int64_t time_us) noexcept nogil
cdef void streams_expire(Streams* self) noexcept nogil
cdef void streams_finish(Streams* self) noexcept nogil
cdef void streams_free(Streams* self) noexcept nogil

cdef inline bint wanted_port(const Streams* self, uint32_t port) noexcept nogil:
    return self.every_port or (self.ports[port >> 3] >> (port & 7)) & 1
