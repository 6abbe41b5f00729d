"""Streams mode: what happened to each direction, logged for the caller to digest after a batch.

The loop pauses before the log grows beyond a batch, so it needs no bound of its own.
"""
from libc.stdlib cimport realloc
from libc.string cimport memcpy


cdef Event* events_add(EventLog* self, EventKind kind, uint64_t stream, uint64_t offset, const uint8_t* data,
                       uint64_t length) noexcept nogil:
    """Appends one event with a copy of `data` (NULL = it carries none); NULL = out of memory, it is lost."""
    cdef Event* item
    cdef void* grown
    cdef uint64_t space
    if self.count == self.capacity:
        space = 1024 if self.capacity == 0 else self.capacity * 2
        grown = realloc(self.items, space * sizeof(Event))
        if grown == NULL:
            return NULL
        self.items = <Event*>grown
        self.capacity = space
    if data != NULL:
        if self.size + length > self.space:
            space = max(self.space * 2, self.size + length)
            grown = realloc(self.bytes, space)
            if grown == NULL:
                return NULL
            self.bytes = <uint8_t*>grown
            self.space = space
        memcpy(self.bytes + self.size, data, length)
        self.size += length
    item = self.items + self.count
    item.kind = kind
    item.stream = stream
    item.offset = offset
    item.length = length
    self.count += 1
    return item
