# Streams mode: the log of bytes, holes and ends.
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from spcore.buffer cimport Buffer
from spcore.endpoints cimport Endpoints

cdef enum EventKind:
    EVENT_OPEN
    EVENT_DATA
    EVENT_HOLE
    EVENT_END

cdef struct Event:
    EventKind kind
    uint64_t stream
    uint64_t offset     # of a hole: position in the stream
    uint64_t length     # of a hole, or of the data
    Endpoints ends      # EVENT_OPEN

# `bytes` holds the data of all EVENT_DATA items one behind the other, in their order.
cdef struct EventLog:
    Event* items
    uint32_t count
    uint32_t capacity
    Buffer bytes

cdef Event* events_add(EventLog* self, EventKind kind, uint64_t stream, uint64_t offset, const uint8_t* data,
                       uint64_t length) noexcept nogil
cdef list events_take(EventLog* self)
cdef void events_free(EventLog* self) noexcept nogil
