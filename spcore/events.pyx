"""Streams mode: a log of each direction's bytes, holes and end, for the caller to digest after a batch.

The loop pauses before the log grows beyond a batch (`batch_bytes`, `batch_events`), so it needs no budget of its own.
"""
from libc.stdlib cimport free

from spcore.buffer cimport array_grow, buffer_append, buffer_free
from spcore.endpoints cimport endpoint_text


cdef Event* events_add(EventLog* self, EventKind kind, uint64_t stream, uint64_t offset, const uint8_t* data,
                       uint64_t length) noexcept nogil:
    """Appends one event with a copy of `data` (NULL: it carries none). NULL: out of memory, the event is lost.

    The event returned is the log's, good until the next call.
    """
    cdef Event* item
    cdef void* grown
    if self.count == self.capacity:
        grown = array_grow(NULL, self.items, &self.capacity, sizeof(Event))
        if grown == NULL:
            return NULL
        self.items = <Event*>grown
    if data != NULL and not buffer_append(&self.bytes, NULL, data, length):
        return NULL
    item = self.items + self.count
    item.kind = kind
    item.stream = stream
    item.offset = offset
    item.length = length
    self.count += 1
    return item


cdef list events_take(EventLog* self):
    """The events as tuples (Engine.take_events says which); the log is empty afterwards."""
    cdef uint64_t i, at = 0
    cdef Event* item
    cdef list events = []
    # `at` walks through the bytes of all data events, which lie one behind the other
    for i in range(self.count):
        item = self.items + i
        if item.kind == EVENT_DATA:
            events.append(("data", item.stream, self.bytes.data[at:at + item.length]))
            at += item.length
        elif item.kind == EVENT_HOLE:
            events.append(("hole", item.stream, item.offset, item.length))
        elif item.kind == EVENT_END:
            events.append(("end", item.stream))
        else:
            events.append(("open", item.stream,
                           endpoint_text(item.ends.family, &item.ends.source, item.ends.source_port),
                           endpoint_text(item.ends.family, &item.ends.destination, item.ends.destination_port)))
    self.count = 0
    self.bytes.size = 0
    return events


cdef void events_free(EventLog* self) noexcept nogil:
    free(self.items)
    buffer_free(&self.bytes, NULL)
