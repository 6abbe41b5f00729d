# The connection table, which does not know what a connection carries.
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from spcore.headers cimport Address, Datagram, Segment

cdef enum:
    LISTS = 4           # recency lists; the owner of the table gives each its meaning

# The key of a connection, compared in full. Side 0 is the numerically lower endpoint.
cdef struct FlowKey:
    uint8_t family
    uint16_t port[2]
    uint32_t vlan
    uint32_t bucket     # of the hash table: from the rest of the key
    uint64_t station
    Address address[2]

# The head of an entry. Its owner's struct begins with a Flow; the rest is the owner's.
cdef struct Flow:
    Flow* chain         # next in the hash bucket, or in the table's `unused`
    Flow* older
    Flow* newer
    FlowKey key
    uint8_t list
    int64_t last        # engine clock at its last segment

cdef struct FlowList:
    Flow* oldest
    Flow* newest
    uint32_t count

# Invariants: a Flow in use stands in the chain of key.bucket and in exactly one list, whose order is that of the
# last flows_touch; a Flow not in use stands in `unused` alone.
cdef struct FlowTable:
    FlowList lists[LISTS]
    Flow** buckets
    uint32_t bucket_count   # a power of two
    uint64_t seed
    uint64_t entry_size     # of the owner's struct
    Flow* unused
    void** blocks           # entries are allocated a block at a time and never move
    uint32_t block_count
    uint32_t block_capacity

cdef bint flows_init(FlowTable* self, uint32_t max_flows, uint64_t entry_size, uint64_t seed) noexcept nogil
cdef Flow* flows_find(FlowTable* self, const Datagram* datagram, const Segment* segment, FlowKey* key,
                      int* side) noexcept nogil
cdef Flow* flows_add(FlowTable* self, const FlowKey* key, int name) noexcept nogil
cdef void flows_remove(FlowTable* self, Flow* flow) noexcept nogil
cdef void flows_move(FlowTable* self, Flow* flow, int name) noexcept nogil
cdef uint32_t flows_count(const FlowTable* self) noexcept nogil
cdef void flows_free(FlowTable* self) noexcept nogil


cdef inline void flows_touch(FlowTable* self, Flow* flow, int name) noexcept nogil:
    """Makes a connection the newest of the list it belongs to now."""
    # Most segments belong to the connection of the segment before: it is the newest already.
    if name != flow.list or flow.newer != NULL:
        flows_move(self, flow, name)
