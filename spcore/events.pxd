from libc.stdint cimport uint8_t, uint64_t

from spcore.uploads cimport Endpoints

cdef enum EventKind:
    EVENT_OPEN
    EVENT_DATA
    EVENT_GAP
    EVENT_END

cdef struct Event:
    EventKind kind
    uint64_t stream
    uint64_t offset     # of a gap: position in the stream
    uint64_t length
    Endpoints ends      # EVENT_OPEN

cdef struct EventLog:
    Event* items
    uint64_t count
    uint64_t capacity
    uint8_t* bytes
    uint64_t size
    uint64_t space

cdef Event* events_add(EventLog* self, EventKind kind, uint64_t stream, uint64_t offset, const uint8_t* data,
                       uint64_t length) noexcept nogil
