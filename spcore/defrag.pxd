# Datagrams that wait for fragments.
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from spcore.assembler cimport Assembler
from spcore.buffer cimport Memory
from spcore.headers cimport Address, Datagram

cdef enum:
    DATAGRAM_BYTES = 65535      # the largest total length that 16 bits hold (RFC 791)

# One datagram whose fragments are being collected. Its pieces never overlap: the first overlap ends it.
cdef struct Partial:
    Partial* chain              # next in the hash bucket
    Partial* older
    Partial* newer
    uint32_t bucket
    int64_t since               # engine clock at its first fragment
    uint32_t vlan
    uint32_t identification
    uint8_t family
    uint8_t protocol
    uint64_t station
    Address source
    Address destination
    uint32_t length             # 0 = last fragment not seen
    Assembler pieces

cdef struct DefragCounters:
    uint64_t fragments
    uint64_t datagrams
    uint64_t fragments_duplicate
    uint64_t fragments_overlapping  # the whole datagram was dropped
    uint64_t fragments_tiny
    uint64_t fragments_bad          # lengths that lie
    uint64_t datagrams_expired
    uint64_t datagrams_evicted

# Invariants: each Partial stands in the chain of its bucket and, ordered by `since`, in the list oldest ..
# newest; `count` of them, no more than max_datagrams.
cdef struct Defrag:
    Memory memory               # the budget of all pieces
    DefragCounters counters
    uint32_t max_datagrams
    uint32_t max_fragments
    int64_t fragment_age
    uint64_t seed
    uint32_t count
    Partial* oldest
    Partial* newest
    Partial** buckets
    uint32_t bucket_count       # a power of two
    uint8_t whole[DATAGRAM_BYTES + 1]

cdef Defrag* defrag_new(object limits, uint64_t memory_limit, uint64_t seed) except NULL
cdef bint defrag_add(Defrag* self, Datagram* fragment, int64_t clock) noexcept nogil
cdef void defrag_free(Defrag* self) noexcept nogil
