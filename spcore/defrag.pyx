"""IP fragments → datagrams, IPv4 (RFC 791) and IPv6 (RFC 8200 section 4.5).

Policy, as in Linux since 4.19: a fragment whose bytes are all held already is a duplicate and ignored; any other
overlap drops the whole datagram (RFC 5722). So do lengths that lie, a first fragment too short for its transport header
or one at offset 8 that would overwrite it (RFC 1858), and a second end that is not the first.
Bounds: age in packet time, number of datagrams, pieces of one, bytes of all; the oldest go first. Data is kept in the
common assembler.
"""
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from spcore.assembler cimport (
    INSERT_NO_MEMORY, INSERT_TOO_MANY, OVERLAP_INSIDE, OVERLAP_NONE, Insert, Overlap, assembler_clear, assembler_insert,
    assembler_overlap, assembler_peek,
)
from spcore.endpoints cimport mix, same_address
from spcore.headers cimport FAMILY_IPV6, PARSE_OK, PROTOCOL_TCP, parse_ipv6_payload
from spcore.invariants cimport must

cdef enum:
    TCP_HEADER = 20             # bytes without options
    OVERWRITES_PORTS = 8        # offset of a second fragment that would replace a TCP header's flags
    FRAGMENT_UNIT = 8           # bytes: all but the last fragment hold a multiple of it


cdef Defrag* defrag_new(object limits, uint64_t memory_limit, uint64_t seed) except NULL:
    """A Defrag with `limits` and a budget of its own; the caller frees it. Raises MemoryError."""
    cdef Defrag* self = <Defrag*>calloc(1, sizeof(Defrag))
    if self == NULL:
        raise MemoryError()
    self.memory.limit = memory_limit
    self.seed = seed
    self.max_datagrams = limits.max_datagrams
    self.max_fragments = limits.max_fragments
    self.fragment_age = limits.fragment_age
    self.bucket_count = 1
    while self.bucket_count < self.max_datagrams:
        self.bucket_count *= 2
    self.buckets = <Partial**>calloc(self.bucket_count, sizeof(Partial*))
    if self.buckets == NULL:
        free(self)
        raise MemoryError()
    return self


cdef bint same(const Partial* partial, const Datagram* fragment) noexcept nogil:
    """Full comparison: a hash alone would mix datagrams."""
    return (partial.identification == fragment.identification and partial.family == fragment.family
            and partial.protocol == fragment.protocol and partial.vlan == fragment.vlan
            and partial.station == fragment.station
            and same_address(&partial.source, &fragment.source)
            and same_address(&partial.destination, &fragment.destination))


cdef void drop(Defrag* self, Partial* partial) noexcept nogil:
    """Takes a datagram out and gives its memory back; the caller has counted why."""
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
    assembler_clear(&partial.pieces, &self.memory)
    free(partial)
    self.count -= 1


cdef uint32_t bucket_of(const Defrag* self, const Datagram* fragment) noexcept nogil:
    """The hash bucket of a fragment's key. Seeded: a sender cannot choose datagrams that collide."""
    cdef uint64_t key = mix(self.seed, fragment.source.word[0] ^ fragment.identification)
    key = mix(key, fragment.source.word[1] ^ fragment.destination.word[0])
    key = mix(key, fragment.destination.word[1] ^ (<uint64_t>fragment.vlan << 8) ^ fragment.protocol)
    if fragment.station:
        key = mix(key, fragment.station)
    return <uint32_t>(key & (self.bucket_count - 1))


cdef Partial* find(Defrag* self, Datagram* fragment, int64_t clock) noexcept nogil:
    """The datagram this fragment belongs to, made if there is none; NULL = out of memory."""
    cdef uint32_t bucket = bucket_of(self, fragment)
    cdef Partial* partial = self.buckets[bucket]
    # the usual case: not its first fragment
    while partial != NULL and not same(partial, fragment):
        partial = partial.chain
    if partial != NULL:
        return partial

    # A new one. A flood of first fragments pushes out the oldest, which had the most time to become whole.
    if self.count >= self.max_datagrams:
        self.counters.datagrams_evicted += 1
        drop(self, self.oldest)
    partial = <Partial*>calloc(1, sizeof(Partial))
    if partial == NULL:
        return NULL
    partial.since = clock
    partial.vlan = fragment.vlan
    partial.identification = fragment.identification
    partial.family = fragment.family
    partial.protocol = fragment.protocol
    partial.station = fragment.station
    partial.source = fragment.source
    partial.destination = fragment.destination

    # newest of the list, first of its chain
    partial.bucket = bucket
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


cdef bint end_fits(const Partial* partial, uint64_t end, bint more) noexcept nogil:
    """False: this fragment and those held contradict each other about where the datagram ends."""
    if more:
        return partial.length == 0 or end <= partial.length
    if partial.length != 0:
        return partial.length == end
    return partial.pieces.count == 0 or partial.pieces.ranges[partial.pieces.count - 1].end <= end


cdef Insert store(Defrag* self, Partial* partial, const Datagram* fragment) noexcept nogil:
    """Keeps a fragment's bytes; the oldest other datagrams make room for them, if they must."""
    cdef Insert done
    while True:
        done = assembler_insert(&partial.pieces, &self.memory, fragment.offset, fragment.payload, fragment.length,
                                self.max_fragments)
        if done != INSERT_NO_MEMORY or (self.oldest == partial and self.newest == partial):
            return done
        self.counters.datagrams_evicted += 1
        drop(self, self.oldest if self.oldest != partial else partial.newer)


cdef void take_out(Defrag* self, Partial* partial, Datagram* fragment) noexcept nogil:
    """The complete datagram's bytes move to `whole`, and `fragment` becomes that datagram."""
    cdef uint64_t position = 0
    cdef const uint8_t* piece = NULL
    cdef uint32_t size
    while position < partial.length:
        size = assembler_peek(&partial.pieces, position, &piece)
        memcpy(self.whole + position, piece, size)
        position += size
    fragment.payload = self.whole
    fragment.length = partial.length
    fragment.fragmented = 0


cdef bint defrag_add(Defrag* self, Datagram* fragment, int64_t clock) noexcept nogil:
    """Takes one fragment; True when it completed its datagram, which then stands in `fragment`.

    The fragment's bytes are copied; the completed datagram's payload points into `self.whole`, good until the next
    call. Each fragment that is not kept has its counter. `clock` never steps back.
    """
    cdef Partial* partial
    cdef uint64_t start = fragment.offset, end = <uint64_t>fragment.offset + fragment.length
    cdef Overlap overlap
    cdef Insert done
    self.counters.fragments += 1

    # Datagrams that waited too long for their rest go first; the list is ordered by age.
    while self.oldest != NULL and clock - self.oldest.since > self.fragment_age:
        self.counters.datagrams_expired += 1
        drop(self, self.oldest)

    # A fragment that cannot be one says nothing about its datagram, so it is dropped alone.
    if fragment.length == 0 or end > DATAGRAM_BYTES or (fragment.more and fragment.length % FRAGMENT_UNIT != 0):
        self.counters.fragments_bad += 1
        return False
    partial = find(self, fragment, clock)
    if partial == NULL:
        self.counters.datagrams_evicted += 1        # no memory to begin it: evicted before it had a place
        return False

    # From here on a contradiction ends the datagram: no receiver delivers it, and which part lied is unknown.
    if fragment.protocol == PROTOCOL_TCP and \
            ((start == 0 and fragment.length < TCP_HEADER) or start == OVERWRITES_PORTS):
        self.counters.fragments_tiny += 1
        drop(self, partial)
        return False
    overlap = assembler_overlap(&partial.pieces, start, end)
    if overlap == OVERLAP_INSIDE and (fragment.more or end == partial.length):
        self.counters.fragments_duplicate += 1
        return False
    if overlap != OVERLAP_NONE:
        self.counters.fragments_overlapping += 1
        drop(self, partial)
        return False
    if not end_fits(partial, end, fragment.more):
        self.counters.fragments_bad += 1
        drop(self, partial)
        return False
    if not fragment.more:
        partial.length = <uint32_t>end

    # It is new and fits.
    done = store(self, partial, fragment)
    if done == INSERT_NO_MEMORY or done == INSERT_TOO_MANY:
        if done == INSERT_TOO_MANY:
            self.counters.fragments_bad += 1
        else:
            self.counters.datagrams_evicted += 1
        drop(self, partial)
        return False

    must(self.count <= self.max_datagrams and self.newest.newer == NULL and self.oldest.older == NULL)
    # Without overlaps the bytes are all here exactly when there are as many as the last fragment said.
    if partial.length == 0 or partial.pieces.bytes != partial.length:
        return False
    take_out(self, partial, fragment)
    drop(self, partial)
    self.counters.datagrams += 1
    # Further IPv6 extension headers may follow a fragment header.
    return fragment.family != FAMILY_IPV6 or \
        parse_ipv6_payload(self.whole, fragment.length, fragment.protocol, fragment) == PARSE_OK


cdef void defrag_free(Defrag* self) noexcept nogil:
    """Drops every unfinished datagram and the Defrag itself."""
    if self == NULL:
        return
    while self.oldest != NULL:
        drop(self, self.oldest)
    free(self.buckets)
    free(self)
