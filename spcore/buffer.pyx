"""Memory that grows: the one growing buffer of the core, and the budgets that bound the memory for captured bytes.

Every function takes the budget that pays for the block, or NULL for a block that something else bounds (the loop
pauses at `batch_bytes`, a table has `max_flows`). A request that the budget refuses changes nothing: the caller
evicts and tries again, or drops and counts.
"""
from libc.stdlib cimport free, realloc

from spcore.invariants cimport must

cdef enum:
    SMALLEST = 512              # of a Buffer: one header line, one Ethernet frame after two doublings


cdef void* memory_resize(Memory* memory, void* block, uint64_t old, uint64_t new) noexcept nogil:
    """realloc within a budget; `new` 0 frees. `old` is the block's size as it was paid for (0: `block` is NULL).

    Returns NULL if `new` is 0, or if budget or memory is exhausted; the old block is then still the caller's.
    """
    cdef void* result
    if new == 0:
        free(block)
        if memory != NULL:
            must(old <= memory.used)
            memory.used -= old
        return NULL
    if memory != NULL and new > old and memory.used + (new - old) > memory.limit:
        return NULL
    result = realloc(block, new)
    if result != NULL and memory != NULL:
        memory.used = memory.used + new - old
        memory.peak = max(memory.peak, memory.used)
        must(memory.used <= memory.limit)
    return result


cdef void* array_grow(Memory* memory, void* items, uint32_t* capacity, uint64_t item_size) noexcept nogil:
    """An array of twice the capacity (at first 4) with the same items; `capacity` counts items and is updated.

    Returns NULL if budget or memory is exhausted; `items` and `capacity` then stay as they are.
    """
    cdef uint32_t larger = 4 if capacity[0] == 0 else capacity[0] * 2
    cdef void* grown = memory_resize(memory, items, capacity[0] * item_size, larger * item_size)
    if grown != NULL:
        capacity[0] = larger
    return grown


cdef bint buffer_grow(Buffer* self, Memory* memory, uint64_t needed) noexcept nogil:
    """Doubles the capacity until it holds `needed` bytes. False: budget or memory exhausted; nothing changed."""
    cdef uint64_t capacity = max(self.capacity, <uint64_t>SMALLEST)
    cdef void* grown
    while capacity < needed:
        capacity *= 2
    grown = memory_resize(memory, self.data, self.capacity, capacity)
    if grown == NULL:
        return False
    self.data = <uint8_t*>grown
    self.capacity = capacity
    return True


cdef void buffer_free(Buffer* self, Memory* memory) noexcept nogil:
    """Gives the block back; the buffer is empty and may be used again."""
    memory_resize(memory, self.data, self.capacity, 0)
    self.data = NULL
    self.size = self.capacity = 0
