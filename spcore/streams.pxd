from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from spcore.assembler cimport Memory
from spcore.events cimport EventLog
from spcore.flows cimport FlowTable
from spcore.headers cimport Datagram, Segment
from spcore.uploads cimport HttpContext

cdef struct StreamCounters:
    uint64_t segments               # of tracked connections
    uint64_t segments_in_order      # given out at once, without a copy
    uint64_t segments_queued
    uint64_t segments_old           # nothing new in them: retransmissions, keep-alives
    uint64_t segments_outside       # beyond the receiver's window or the stream's end
    uint64_t window_probes
    uint64_t bytes_conflicting      # queued bytes that came again with other content
    uint64_t holes
    uint64_t hole_bytes
    uint64_t holes_by_ack
    uint64_t holes_by_queue
    uint64_t holes_by_age
    uint64_t resets_outside
    uint64_t ports_reused           # a SYN with another initial number on a live connection
    uint64_t flows
    uint64_t flows_evicted
    uint64_t embryonic_evicted
    uint64_t memory_evicted
    uint64_t flows_expired

cdef struct Streams:
    HttpContext http                # its Memory is the budget of unfinished uploads
    Memory queue_memory
    StreamCounters counters
    FlowTable flows
    uint32_t max_flows
    uint32_t max_embryonic
    uint64_t max_queue
    uint32_t max_ranges
    int64_t ack_grace
    int64_t queue_age
    int64_t idle_age
    uint64_t window_slack
    uint64_t unknown_window
    uint8_t digest                  # streams mode: log events instead of parsing HTTP
    uint8_t every_port
    uint8_t evicting                # inside make_room
    uint8_t* ports                  # bitmap of 65,536 bits
    uint64_t streams
    EventLog log
    int64_t clock

cdef bint streams_init(Streams* self) noexcept nogil
cdef void streams_segment(Streams* self, const Datagram* datagram, const Segment* segment,
                          int64_t time_us) noexcept nogil
cdef void streams_expire(Streams* self) noexcept nogil
cdef void streams_finish(Streams* self) noexcept nogil
cdef void streams_free(Streams* self) noexcept nogil

cdef inline bint wanted_port(const Streams* self, uint32_t port) noexcept nogil:
    return self.every_port or (self.ports[port >> 3] >> (port & 7)) & 1
