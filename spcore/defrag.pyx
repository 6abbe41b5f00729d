"""IP fragments → datagrams, IPv4 (RFC 791) and IPv6 (RFC 8200 section 4.5).

Policy, which is what Linux has done since 4.19: a fragment that lies inside what is held is a duplicate and ignored;
any other overlap drops the whole datagram (RFC 5722). So do lengths that lie, a first fragment too short for its
transport header or one at offset 8 that would overwrite it (RFC 1858), and a second end that is not the first.
Bounds: age in packet time, number of datagrams, bytes; the oldest go first. Data is kept in the common assembler.
"""
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from spcore.assembler cimport (
    INSERT_NO_MEMORY, INSERT_TOO_MANY, Insert, assembler_clear, assembler_insert, assembler_overlap, assembler_peek,
)
from spcore.headers cimport FAMILY_IPV6, parse_ipv6_payload, PARSE_OK

cdef enum:
    TINY = 20                   # a TCP header
    MAX_RANGES = 128            # of a datagram of 45 Ethernet frames: more is an attack


cdef inline uint64_t mix(uint64_t a, uint64_t b) noexcept nogil:
    a = (a ^ b) * 0x9E3779B97F4A7C15u
    return a ^ (a >> 32)


cdef bint same(const Partial* partial, const Datagram* fragment) noexcept nogil:
    return (partial.identification == fragment.identification and partial.family == fragment.family
            and partial.protocol == fragment.protocol and partial.vlan == fragment.vlan
            and partial.source.word[0] == fragment.source.word[0]
            and partial.source.word[1] == fragment.source.word[1]
            and partial.destination.word[0] == fragment.destination.word[0]
            and partial.destination.word[1] == fragment.destination.word[1])


cdef void drop(Defrag* self, Partial* partial) noexcept nogil:
    cdef Partial** link = &self.buckets[partial.bucket]
    while link[0] != partial:
        link = &link[0].chain
    link[0] = partial.chain
    if partial.older != NULL:
        partial.older.newer = partial.newer
    else:
        self.oldest = partial.newer
    if partial.newer != NULL:
        partial.newer.older = partial.older
    else:
        self.newest = partial.older
    assembler_clear(&partial.pieces, self.memory)
    free(partial)
    self.count -= 1


cdef Partial* find(Defrag* self, Datagram* fragment, int64_t clock) noexcept nogil:
    """The datagram this fragment belongs to, made if there is none; NULL = out of memory."""
    cdef uint64_t key = mix(self.seed, fragment.source.word[0] ^ fragment.identification)
    cdef uint32_t bucket
    cdef Partial* partial
    key = mix(key, fragment.source.word[1] ^ fragment.destination.word[0])
    key = mix(key, fragment.destination.word[1] ^ (<uint64_t>fragment.vlan << 8) ^ fragment.protocol)
    bucket = key % BUCKETS
    partial = self.buckets[bucket]
    while partial != NULL and not same(partial, fragment):
        partial = partial.chain
    if partial != NULL:
        return partial
    if self.count >= self.max_datagrams:
        self.counters.datagrams_evicted += 1
        drop(self, self.oldest)
    partial = <Partial*>calloc(1, sizeof(Partial))
    if partial == NULL:
        return NULL
    partial.bucket = bucket
    partial.since = clock
    partial.vlan = fragment.vlan
    partial.identification = fragment.identification
    partial.family = fragment.family
    partial.protocol = fragment.protocol
    partial.source = fragment.source
    partial.destination = fragment.destination
    partial.chain = self.buckets[bucket]
    self.buckets[bucket] = partial
    partial.older = self.newest
    if self.newest != NULL:
        self.newest.newer = partial
    else:
        self.oldest = partial
    self.newest = partial
    self.count += 1
    return partial


cdef bint defrag_add(Defrag* self, Datagram* fragment, int64_t clock) noexcept nogil:
    """Takes one fragment; True when it completed its datagram, which then stands in `fragment`
    (its payload points into `self.whole`, good until the next call)."""
    cdef Partial* partial
    cdef uint64_t start = fragment.offset, end = <uint64_t>fragment.offset + fragment.length, position
    cdef const uint8_t* piece = NULL
    cdef uint32_t size
    cdef bint inside
    cdef Insert done
    self.counters.fragments += 1
    while self.oldest != NULL and clock - self.oldest.since > self.age:
        self.counters.datagrams_expired += 1
        drop(self, self.oldest)
    if fragment.length == 0 or end > MAX_DATAGRAM or (fragment.more and fragment.length % 8 != 0):
        self.counters.fragments_bad += 1
        return False
    partial = find(self, fragment, clock)
    if partial == NULL:
        return False
    if fragment.protocol == 6 and ((start == 0 and fragment.length < TINY) or start == 8):
        self.counters.fragments_tiny += 1
        drop(self, partial)
        return False
    if assembler_overlap(&partial.pieces, start, end, &inside):
        if inside and (fragment.more or end == partial.length):
            self.counters.fragments_duplicate += 1
        else:
            self.counters.fragments_overlapping += 1
            drop(self, partial)
        return False
    if not fragment.more:
        if (partial.length != 0 and partial.length != end) or \
                (partial.pieces.count > 0 and partial.pieces.ranges[partial.pieces.count - 1].end > end):
            self.counters.fragments_bad += 1
            drop(self, partial)
            return False
        partial.length = <uint32_t>end
    elif partial.length != 0 and end > partial.length:
        self.counters.fragments_bad += 1
        drop(self, partial)
        return False
    while True:
        done = assembler_insert(&partial.pieces, self.memory, start, fragment.payload, fragment.length, MAX_RANGES)
        if done != INSERT_NO_MEMORY:
            break
        if self.oldest == partial and self.newest == partial:
            self.counters.datagrams_evicted += 1
            drop(self, partial)
            return False
        self.counters.datagrams_evicted += 1
        drop(self, self.oldest if self.oldest != partial else partial.newer)
    if done == INSERT_TOO_MANY:
        self.counters.fragments_bad += 1
        drop(self, partial)
        return False
    if partial.length == 0 or partial.pieces.bytes != partial.length:
        return False
    position = 0
    while position < partial.length:
        size = assembler_peek(&partial.pieces, position, &piece)
        memcpy(self.whole + position, piece, size)
        position += size
    fragment.payload = self.whole
    fragment.length = partial.length
    fragment.fragmented = 0
    drop(self, partial)
    self.counters.datagrams += 1
    # What follows a fragment header may be further extension headers.
    return fragment.family != FAMILY_IPV6 or \
        parse_ipv6_payload(self.whole, fragment.length, fragment.protocol, fragment) == PARSE_OK


cdef void defrag_clear(Defrag* self) noexcept nogil:
    while self.oldest != NULL:
        drop(self, self.oldest)
