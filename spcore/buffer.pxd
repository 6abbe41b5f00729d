# Budgets, and bytes that grow.
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

# A budget that many holders share. `used` counts the bytes really allocated, so it bounds the process's memory;
# used <= limit holds after every call.
cdef struct Memory:
    uint64_t used
    uint64_t peak
    uint64_t limit

# Bytes that grow at the end. size <= capacity; `data` is NULL exactly when capacity is 0. All zero = empty.
cdef struct Buffer:
    uint8_t* data
    uint64_t size
    uint64_t capacity

cdef void* memory_resize(Memory* memory, void* block, uint64_t old, uint64_t new) noexcept nogil
cdef void* array_grow(Memory* memory, void* items, uint32_t* capacity, uint64_t item_size) noexcept nogil
cdef bint buffer_grow(Buffer* self, Memory* memory, uint64_t needed) noexcept nogil
cdef void buffer_free(Buffer* self, Memory* memory) noexcept nogil


cdef inline bint buffer_reserve(Buffer* self, Memory* memory, uint64_t more) noexcept nogil:
    """Makes room for `more` bytes behind `size`. False: budget or memory exhausted; the buffer is unchanged."""
    return self.size + more <= self.capacity or buffer_grow(self, memory, self.size + more)


cdef inline bint buffer_append(Buffer* self, Memory* memory, const uint8_t* data, uint64_t length) noexcept nogil:
    """Copies `length` bytes to the end. False: budget or memory exhausted; the buffer is unchanged."""
    if not buffer_reserve(self, memory, length):
        return False
    if length > 0:                      # memcpy from NULL is undefined even for no bytes
        memcpy(self.data + self.size, data, length)
        self.size += length
    return True
