from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from spcore.assembler cimport Assembler
from spcore.headers cimport Address, Datagram, Segment
from spcore.uploads cimport Parser

cdef enum:
    LISTS = 4
    BLOCK = 128         # connections allocated at a time

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

# What tells connections apart, compared in full. Side 0 is the numerically lower endpoint.
cdef struct FlowKey:
    uint8_t family
    uint16_t port[2]
    uint32_t vlan
    uint32_t bucket
    Address address[2]

cdef struct Flow:
    Flow* chain         # next in the hash bucket
    Flow* older
    Flow* newer
    FlowKey key
    uint8_t list
    int64_t last        # engine clock
    Half half[2]        # half[d]: data sent by side d

cdef struct FlowList:
    Flow* oldest
    Flow* newest
    uint32_t count

cdef struct FlowTable:
    FlowList lists[LISTS]
    Flow** buckets
    uint32_t bucket_count
    uint64_t seed
    Flow* unused
    void** blocks
    uint32_t block_count

cdef bint flows_init(FlowTable* self, uint32_t max_flows) noexcept nogil
cdef Flow* flows_find(FlowTable* self, const Datagram* datagram, const Segment* segment, FlowKey* key,
                      int* side) noexcept nogil
cdef Flow* flows_add(FlowTable* self, const FlowKey* key) noexcept nogil
cdef void flows_remove(FlowTable* self, Flow* flow) noexcept nogil
cdef void flows_touch(FlowTable* self, Flow* flow, int name) noexcept nogil
cdef uint32_t flows_count(const FlowTable* self) noexcept nogil
cdef void flows_free(FlowTable* self) noexcept nogil
