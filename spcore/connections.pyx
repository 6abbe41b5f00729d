"""Which connections are remembered: how one begins, which goes first when there are too many, and when all end.

Only a SYN or data of a wanted direction starts a connection. Each connection stands in one of four recency lists
(reassembly.pxd) by the data it holds; those that hold least go first, among them the longest silent. An ended
connection is remembered too, in the list that is evicted first, so that retransmissions of it start nothing new.
"""
from libc.stdint cimport uint8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from spcore.delivery cimport close_flow
from spcore.events cimport events_free
from spcore.flows cimport (
    LISTS, Flow, FlowKey, flows_add, flows_count, flows_find, flows_free, flows_init, flows_touch,
)
from spcore.headers cimport NO_SCALE, RST, SYN
from spcore.http cimport http_holds, http_limits
from spcore.reassembly cimport EMBRYONIC, NO_END, QUEUED, QUIET, UNFINISHED, wanted_port
from spcore.uploads cimport uploads_free

cdef enum:
    PORTS = 65536


cdef inline int list_of(const Half* half) noexcept nogil:
    """The recency list that one direction asks for."""
    if not half.tracked or half.ended:
        return EMBRYONIC
    if half.parser != NULL and http_holds(half.parser):
        return UNFINISHED
    if half.queue.count > 0:
        return QUEUED
    return QUIET if half.started and (half.next != half.start or half.parser != NULL) else EMBRYONIC


cdef void connection_touch(Streams* self, Connection* connection) noexcept nogil:
    """A segment of it was seen: it is the newest of the list it belongs to now, the higher of its directions'."""
    connection.flow.last = self.clock
    flows_touch(&self.flows, &connection.flow, max(list_of(&connection.half[0]), list_of(&connection.half[1])))


# Beginning ----------------------------------------------------------------------------------------------------------

cdef void half_init(Half* half, bint tracked) noexcept nogil:
    """Makes a direction of which nothing was seen. Its queue and parser must be free already."""
    memset(half, 0, sizeof(Half))
    half.tracked = tracked
    half.end = NO_END
    half.scale = NO_SCALE


cdef void make_place(Streams* self) noexcept nogil:
    """Closes one connection if all places are taken. Counters: embryonic_evicted, flows_evicted."""
    cdef int name
    # Half-open connections have places of their own, so that a SYN flood cannot push out those that carry data.
    if self.flows.lists[EMBRYONIC].count >= self.max_embryonic:
        self.counters.embryonic_evicted += 1
        close_flow(self, <Connection*>self.flows.lists[EMBRYONIC].oldest)
    if flows_count(&self.flows) >= self.max_flows:
        self.counters.flows_evicted += 1
        # the list whose connections hold least
        for name in range(LISTS):
            if self.flows.lists[name].count > 0:
                close_flow(self, <Connection*>self.flows.lists[name].oldest)
                break


cdef Connection* connection_of(Streams* self, const Datagram* datagram, const Segment* segment,
                               int* side) noexcept nogil:
    """The connection of a segment, made if it may start one, else NULL; `side` is the segment's sender."""
    cdef FlowKey key
    cdef Connection* connection = <Connection*>flows_find(&self.flows, datagram, segment, &key, side)
    if connection != NULL:
        return connection

    # Only data or a SYN starts a connection, and only in a wanted direction.
    if not (segment.flags & SYN or segment.length > 0) or segment.flags & RST:
        return NULL
    if not (wanted_port(self, segment.destination_port) or (self.digest and wanted_port(self, segment.source_port))):
        return NULL

    make_place(self)
    connection = <Connection*>flows_add(&self.flows, &key, EMBRYONIC)
    if connection == NULL:
        return NULL
    self.counters.flows += 1
    connection.flow.last = self.clock
    half_init(&connection.half[0], self.digest or wanted_port(self, key.port[1]))
    half_init(&connection.half[1], self.digest or wanted_port(self, key.port[0]))
    return connection


# Ending -------------------------------------------------------------------------------------------------------------

cdef void streams_expire(Streams* self) noexcept nogil:
    """Closes connections silent for longer than `idle_age` (counter flows_expired). Called now and then."""
    cdef int name
    cdef Flow* oldest
    # Each list is ordered by its connections' last segment: the first that is young enough ends the search.
    for name in range(LISTS):
        oldest = self.flows.lists[name].oldest
        while oldest != NULL and self.clock - oldest.last > self.idle_age:
            self.counters.flows_expired += 1
            close_flow(self, <Connection*>oldest)
            oldest = self.flows.lists[name].oldest


cdef void streams_finish(Streams* self) noexcept nogil:
    """The capture is over: everything goes out."""
    cdef int name
    for name in range(LISTS):
        while self.flows.lists[name].oldest != NULL:
            close_flow(self, <Connection*>self.flows.lists[name].oldest)


cdef int streams_init(Streams* self, object limits, ports, bint digest, uint64_t memory_limit,
                      uint64_t seed) except -1:
    """Makes zeroed Streams ready. `ports`: TCP ports of the collector, None = every port. `digest`: streams mode.

    `memory_limit` bounds the queues, and once more the unfinished uploads. Raises MemoryError, and ValueError for a
    number that is no port; streams_free is due in either case.
    """
    self.clock = 1                          # 0 means "never" in Half
    self.digest = digest
    self.queue_memory.limit = memory_limit
    self.max_flows = limits.max_flows
    self.max_embryonic = limits.max_embryonic
    self.max_queue = limits.max_queue
    self.max_ranges = limits.max_ranges
    self.max_ack_jump = limits.max_ack_jump
    self.ack_grace = limits.ack_grace
    self.queue_age = limits.queue_age
    self.idle_age = limits.idle_age
    self.window_slack = limits.window_slack
    self.unknown_window = limits.unknown_window
    http_limits(&self.http, limits, memory_limit)
    self.ports = <uint8_t*>calloc(PORTS, 1)
    if self.ports == NULL or not flows_init(&self.flows, self.max_flows, sizeof(Connection), seed):
        raise MemoryError()
    if ports is None:
        memset(self.ports, 1, PORTS)
    for port in ports or ():
        if not 0 < port < PORTS:
            raise ValueError(f"{port} is no TCP port")
        self.ports[port] = True
    return 0


cdef void streams_free(Streams* self) noexcept nogil:
    """Gives all memory back; uploads and events that were not taken are lost."""
    if self.flows.buckets != NULL:
        streams_finish(self)
    flows_free(&self.flows)
    free(self.ports)
    events_free(&self.log)
    uploads_free(&self.http.uploads)
