from libc.stdint cimport uint8_t, uint32_t, uint64_t

cdef enum:
    PAGE_BYTES = 2048

cdef enum Insert:
    INSERT_NEW = 0          # at least one byte was not there before
    INSERT_DUPLICATE = 1    # every byte was there already
    INSERT_NO_MEMORY = 2    # nothing was stored: make room and try again
    INSERT_TOO_MANY = 3     # would be one range more than allowed: nothing was stored

cdef struct Page:
    uint64_t number         # position // PAGE_BYTES
    uint8_t data[PAGE_BYTES]

# A budget shared by many holders. `used` counts bytes really allocated, so it bounds the process's memory.
cdef struct Memory:
    uint64_t used
    uint64_t peak
    uint64_t limit

cdef struct Range:
    uint64_t start
    uint64_t end

cdef struct Assembler:
    Range* ranges           # sorted, disjoint, not touching
    Page** pages            # sorted by number
    uint32_t count
    uint32_t capacity
    uint32_t page_count
    uint32_t page_capacity
    uint64_t bytes          # sum of the ranges' lengths
    uint64_t conflicts      # bytes that came again with other content

cdef void* memory_resize(Memory* memory, void* block, uint64_t old, uint64_t new) noexcept nogil
cdef Insert assembler_insert(Assembler* self, Memory* memory, uint64_t start, const uint8_t* data, uint32_t length,
                             uint32_t max_ranges) noexcept nogil
cdef uint32_t assembler_overlap(Assembler* self, uint64_t start, uint64_t end, bint* inside) noexcept nogil
cdef uint32_t assembler_peek(Assembler* self, uint64_t position, const uint8_t** data) noexcept nogil
cdef void assembler_discard(Assembler* self, Memory* memory, uint64_t below) noexcept nogil
cdef void assembler_clear(Assembler* self, Memory* memory) noexcept nogil
