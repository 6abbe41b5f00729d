from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from spcore.assembler cimport Assembler, Memory
from spcore.headers cimport Address, Datagram

cdef enum:
    MAX_DATAGRAM = 65535
    BUCKETS = 1024

# One datagram whose fragments are being collected.
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

cdef struct Defrag:
    Memory* memory
    DefragCounters counters
    uint32_t max_datagrams
    int64_t age
    uint64_t seed
    uint32_t count
    Partial* oldest
    Partial* newest
    Partial* buckets[BUCKETS]
    uint8_t whole[MAX_DATAGRAM + 1]

cdef bint defrag_add(Defrag* self, Datagram* fragment, int64_t clock) noexcept nogil
cdef void defrag_clear(Defrag* self) noexcept nogil
