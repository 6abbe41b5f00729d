# Ranges of a byte sequence and the pages that hold their bytes.
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from spcore.buffer cimport Memory

cdef enum:
    PAGE_BYTES = 2048

cdef enum Insert:
    INSERT_NEW = 0          # at least one byte was not there before
    INSERT_DUPLICATE = 1    # every byte was there already
    INSERT_NO_MEMORY = 2    # nothing was stored: make room and try again
    INSERT_TOO_MANY = 3     # would be one range more than allowed: nothing was stored

cdef enum Overlap:
    OVERLAP_NONE = 0
    OVERLAP_PARTLY = 1
    OVERLAP_INSIDE = 2      # every byte is here already

cdef struct Page:
    uint64_t number         # position // PAGE_BYTES
    uint8_t data[PAGE_BYTES]

# Positions [start, end), never empty.
cdef struct Range:
    uint64_t start
    uint64_t end

# All zero = empty, holding no memory. Invariants:
#   ranges[i].end < ranges[i + 1].start     sorted, disjoint, not even touching
#   pages[i].number < pages[i + 1].number
#   every position inside a range lies in a page (a page may hold none: its insert failed for lack of memory)
cdef struct Assembler:
    Range* ranges
    Page** pages
    uint32_t count          # of ranges
    uint32_t capacity
    uint32_t page_count
    uint32_t page_capacity
    uint64_t bytes          # sum of the ranges' lengths
    uint64_t conflicts      # bytes that came again with other content

cdef Insert assembler_insert(Assembler* self, Memory* memory, uint64_t start, const uint8_t* data, uint32_t length,
                             uint32_t max_ranges) noexcept nogil
cdef Overlap assembler_overlap(Assembler* self, uint64_t start, uint64_t end) noexcept nogil
cdef uint32_t assembler_peek(Assembler* self, uint64_t position, const uint8_t** data) noexcept nogil
cdef void assembler_discard(Assembler* self, Memory* memory, uint64_t below) noexcept nogil
cdef void assembler_clear(Assembler* self, Memory* memory) noexcept nogil
