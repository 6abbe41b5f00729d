"""The table of connections: a hash table, and four recency lists in place of timers.

Each connection stands in exactly one list, by what it holds, and is moved to the list's newest end by every segment;
so the longest silent connection of each kind is always at hand. The hash is seeded: nobody on the wire can choose
colliding ports. This module knows nothing of what a connection carries; streams decides who has to go.
"""
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memset


cdef inline uint64_t mix(uint64_t a, uint64_t b) noexcept nogil:
    a = (a ^ b) * 0x9E3779B97F4A7C15u
    return a ^ (a >> 32)


cdef inline bint lower(const Address* a, uint32_t port_a, const Address* b, uint32_t port_b) noexcept nogil:
    """A total order of endpoints; which one does not matter."""
    if a.word[0] != b.word[0]:
        return a.word[0] < b.word[0]
    if a.word[1] != b.word[1]:
        return a.word[1] < b.word[1]
    return port_a < port_b


cdef inline bint same(const FlowKey* a, const FlowKey* b) noexcept nogil:
    return (a.port[0] == b.port[0] and a.port[1] == b.port[1] and a.vlan == b.vlan and a.family == b.family
            and a.address[0].word[0] == b.address[0].word[0] and a.address[0].word[1] == b.address[0].word[1]
            and a.address[1].word[0] == b.address[1].word[0] and a.address[1].word[1] == b.address[1].word[1])


cdef bint flows_init(FlowTable* self, uint32_t max_flows) noexcept nogil:
    """Allocates the buckets; False = out of memory."""
    self.bucket_count = 1024
    while self.bucket_count < max_flows:
        self.bucket_count *= 2
    self.buckets = <Flow**>calloc(self.bucket_count, sizeof(Flow*))
    return self.buckets != NULL


cdef Flow* flows_find(FlowTable* self, const Datagram* datagram, const Segment* segment, FlowKey* key,
                      int* side) noexcept nogil:
    """The connection of a segment or NULL; `key` is filled for flows_add, `side` is the segment's sender."""
    cdef uint64_t hashed
    cdef Flow* flow
    side[0] = lower(&datagram.destination, segment.destination_port, &datagram.source, segment.source_port)
    key.family = datagram.family
    key.vlan = datagram.vlan
    key.address[side[0]] = datagram.source
    key.address[1 - side[0]] = datagram.destination
    key.port[side[0]] = segment.source_port
    key.port[1 - side[0]] = segment.destination_port
    hashed = mix(self.seed, key.address[0].word[0] ^ (key.address[1].word[0] << 1))
    if key.family == 6:
        hashed = mix(hashed, key.address[0].word[1] ^ (key.address[1].word[1] << 1))
    hashed = mix(hashed, (<uint64_t>key.port[0] << 48) ^ (<uint64_t>key.port[1] << 32) ^ key.vlan)
    key.bucket = <uint32_t>(hashed & (self.bucket_count - 1))
    flow = self.buckets[key.bucket]
    while flow != NULL and not same(&flow.key, key):
        flow = flow.chain
    return flow


cdef void unlink(FlowTable* self, Flow* flow) noexcept nogil:
    cdef FlowList* line = &self.lists[flow.list]
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


cdef Flow* flows_add(FlowTable* self, const FlowKey* key) noexcept nogil:
    """A zeroed new connection, in the list of those that carried nothing yet; NULL = out of memory."""
    cdef Flow* flow
    cdef void* grown
    cdef uint32_t i
    if self.unused == NULL:
        grown = realloc(self.blocks, (self.block_count + 1) * sizeof(void*))
        if grown == NULL:
            return NULL
        self.blocks = <void**>grown
        flow = <Flow*>malloc(BLOCK * sizeof(Flow))
        if flow == NULL:
            return NULL
        self.blocks[self.block_count] = flow
        self.block_count += 1
        for i in range(BLOCK):
            flow[i].chain = self.unused
            self.unused = flow + i
    flow = self.unused
    self.unused = flow.chain
    memset(flow, 0, sizeof(Flow))
    flow.key = key[0]
    flow.chain = self.buckets[key.bucket]
    self.buckets[key.bucket] = flow
    link_newest(self, flow, EMBRYONIC)
    return flow


cdef void flows_remove(FlowTable* self, Flow* flow) noexcept nogil:
    """Takes a connection out; its place is used again."""
    cdef Flow** link = &self.buckets[flow.key.bucket]
    while link[0] != flow:
        link = &link[0].chain
    link[0] = flow.chain
    unlink(self, flow)
    flow.chain = self.unused
    self.unused = flow


cdef void flows_touch(FlowTable* self, Flow* flow, int name) noexcept nogil:
    """Makes a connection the newest of the list it belongs to now."""
    if name != flow.list or flow.newer != NULL:
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
    """Gives all memory back; what connections hold must be free already."""
    cdef uint32_t i
    for i in range(self.block_count):
        free(self.blocks[i])
    free(self.blocks)
    free(self.buckets)
