"""The table of connections: a hash table, and recency lists in place of timers.

Each connection stands in exactly one list, and every segment moves it to that list's newest end; so the longest silent
connection of each list is always at hand. The hash is seeded: a sender cannot choose ports that collide. This module
does not know what a connection carries, nor the meaning of a list (reassembly.pxd).
"""
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

from spcore.buffer cimport array_grow
from spcore.endpoints cimport mix, same_address
from spcore.headers cimport FAMILY_IPV6
from spcore.invariants cimport must

cdef enum:
    BLOCK = 128         # entries allocated at a time
    FEWEST_BUCKETS = 1024


cdef inline bint lower(const Address* a, uint32_t port_a, const Address* b, uint32_t port_b) noexcept nogil:
    """A total order of endpoints; which one does not matter."""
    if a.word[0] != b.word[0]:
        return a.word[0] < b.word[0]
    if a.word[1] != b.word[1]:
        return a.word[1] < b.word[1]
    return port_a < port_b


cdef inline bint same(const FlowKey* a, const FlowKey* b) noexcept nogil:
    """Full comparison: a hash alone would mix connections."""
    return (a.port[0] == b.port[0] and a.port[1] == b.port[1] and a.vlan == b.vlan and a.family == b.family
            and a.station == b.station
            and same_address(&a.address[0], &b.address[0]) and same_address(&a.address[1], &b.address[1]))


cdef inline void set_side(FlowKey* key, int side, const Address* address, uint16_t port) noexcept nogil:
    key.address[side] = address[0]
    key.port[side] = port


cdef bint flows_init(FlowTable* self, uint32_t max_flows, uint64_t entry_size, uint64_t seed) noexcept nogil:
    """Allocates the buckets of a zeroed table; False = out of memory."""
    self.entry_size = entry_size
    self.seed = seed
    self.bucket_count = FEWEST_BUCKETS
    while self.bucket_count < max_flows:
        self.bucket_count *= 2
    self.buckets = <Flow**>calloc(self.bucket_count, sizeof(Flow*))
    return self.buckets != NULL


cdef Flow* flows_find(FlowTable* self, const Datagram* datagram, const Segment* segment, FlowKey* key,
                      int* side) noexcept nogil:
    """The connection of a segment or NULL; `key` is filled for flows_add, `side` is the segment's sender."""
    cdef uint64_t hashed
    cdef Flow* flow
    # Both directions have one key: the lower endpoint stands first, also where it is the receiver.
    side[0] = lower(&datagram.destination, segment.destination_port, &datagram.source, segment.source_port)
    if side[0] == 0:                        # two branches: the compiler knows each index
        set_side(key, 0, &datagram.source, segment.source_port)
        set_side(key, 1, &datagram.destination, segment.destination_port)
    else:
        set_side(key, 0, &datagram.destination, segment.destination_port)
        set_side(key, 1, &datagram.source, segment.source_port)
    key.family = datagram.family
    key.vlan = datagram.vlan
    key.station = datagram.station

    hashed = mix(self.seed, key.address[0].word[0] ^ (key.address[1].word[0] << 1))
    if key.family == FAMILY_IPV6:           # the second word of an IPv4 address is zero
        hashed = mix(hashed, key.address[0].word[1] ^ (key.address[1].word[1] << 1))
    hashed = mix(hashed, (<uint64_t>key.port[0] << 48) ^ (<uint64_t>key.port[1] << 32) ^ key.vlan)
    if key.station:
        hashed = mix(hashed, key.station)
    key.bucket = <uint32_t>(hashed & (self.bucket_count - 1))

    flow = self.buckets[key.bucket]
    while flow != NULL and not same(&flow.key, key):
        flow = flow.chain
    return flow


cdef void unlink(FlowTable* self, Flow* flow) noexcept nogil:
    """Takes a connection out of its list."""
    cdef FlowList* line = &self.lists[flow.list]
    must(line.count > 0 and (flow.older != NULL or line.oldest == flow) and (flow.newer != NULL or line.newest == flow))
    if flow.older != NULL:
        flow.older.newer = flow.newer
    else:
        line.oldest = flow.newer
    if flow.newer != NULL:
        flow.newer.older = flow.older
    else:
        line.newest = flow.older
    line.count -= 1


cdef void link_newest(FlowTable* self, Flow* flow, int name) noexcept nogil:
    """Appends a connection that stands in no list to list `name`."""
    cdef FlowList* line = &self.lists[name]
    flow.list = name
    flow.newer = NULL
    flow.older = line.newest
    if line.newest != NULL:
        line.newest.newer = flow
    else:
        line.oldest = flow
    line.newest = flow
    line.count += 1


cdef bint more_entries(FlowTable* self) noexcept nogil:
    """Allocates a block and puts its entries into `unused`; False = out of memory."""
    cdef void* grown
    cdef char* block
    cdef Flow* flow
    cdef int i
    if self.block_count == self.block_capacity:
        grown = array_grow(NULL, self.blocks, &self.block_capacity, sizeof(void*))
        if grown == NULL:
            return False
        self.blocks = <void**>grown
    block = <char*>malloc(BLOCK * self.entry_size)
    if block == NULL:
        return False
    self.blocks[self.block_count] = block
    self.block_count += 1
    for i in range(BLOCK):
        flow = <Flow*>(block + i * self.entry_size)
        flow.chain = self.unused
        self.unused = flow
    return True


cdef Flow* flows_add(FlowTable* self, const FlowKey* key, int name) noexcept nogil:
    """A new entry, zeroed but for its Flow, newest of list `name`; NULL = out of memory.

    The caller has looked with flows_find: a key stands in the table once.
    """
    cdef Flow* flow
    if self.unused == NULL and not more_entries(self):
        return NULL
    flow = self.unused
    self.unused = flow.chain
    memset(flow, 0, self.entry_size)
    flow.key = key[0]
    flow.chain = self.buckets[key.bucket]
    self.buckets[key.bucket] = flow
    link_newest(self, flow, name)
    return flow


cdef void flows_remove(FlowTable* self, Flow* flow) noexcept nogil:
    """Takes a connection out; its entry is used again. The owner's part must hold no memory any more."""
    # Chains are short (fewer connections than buckets), so the link to an entry is looked for, not stored.
    cdef Flow** link = &self.buckets[flow.key.bucket]
    while link[0] != flow:
        link = &link[0].chain
    link[0] = flow.chain
    unlink(self, flow)
    flow.chain = self.unused
    self.unused = flow


cdef void flows_move(FlowTable* self, Flow* flow, int name) noexcept nogil:
    """Takes a connection to the newest end of list `name`."""
    unlink(self, flow)
    link_newest(self, flow, name)


cdef uint32_t flows_count(const FlowTable* self) noexcept nogil:
    """Connections in the table."""
    cdef uint32_t total = 0
    cdef int name
    for name in range(LISTS):
        total += self.lists[name].count
    return total


cdef void flows_free(FlowTable* self) noexcept nogil:
    """Gives all memory back. The owners' parts must hold none any more."""
    cdef uint32_t i
    for i in range(self.block_count):
        free(self.blocks[i])
    free(self.blocks)
    free(self.buckets)
