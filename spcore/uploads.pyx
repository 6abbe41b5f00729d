"""Uploads: the finished ones in a queue without the GIL, and the Python object that the capture process stores."""
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memmove, memset

from spcore.buffer cimport array_grow, buffer_append
from spcore.endpoints cimport endpoint_text, mac_text, vlan_ids

cdef enum:
    SLACK = 2                   # a block may be so many times as large as the body in it


cdef class Upload:
    """One HTTP POST of a PVS.

    captured_us: packet time of the segment that completed it, microseconds since 1970 UTC.
    source, destination: "ip:port", IPv6 in brackets. path: the request target. body: record lines as sent.
    complete: False if bytes of the body were lost; it then consists of the whole lines around the hole.
    source_mac, destination_mac: of the first frame of this direction of the connection, "02:00:5e:00:53:01"; "" where
    the link has none (raw IP, loopback; Linux cooked captures have no destination). vlan: 802.1Q ids of the
    connection, outermost first; () = untagged.
    """
    cdef readonly long long captured_us
    cdef readonly str source
    cdef readonly str destination
    cdef readonly str path
    cdef readonly bytes body
    cdef readonly bint complete
    cdef readonly str source_mac
    cdef readonly str destination_mac
    cdef readonly tuple vlan

    def __init__(self, long long captured_us, str source, str destination, str path, bytes body, bint complete,
                 str source_mac="", str destination_mac="", tuple vlan=()):
        self.captured_us = captured_us
        self.source = source
        self.destination = destination
        self.path = path
        self.body = body
        self.complete = complete
        self.source_mac = source_mac
        self.destination_mac = destination_mac
        self.vlan = vlan

    def _key(self):
        return (self.captured_us, self.source, self.destination, self.path, self.body, self.complete,
                self.source_mac, self.destination_mac, self.vlan)

    def __eq__(self, other):
        return isinstance(other, Upload) and self._key() == (<Upload>other)._key()

    def __hash__(self):
        return hash(self._key())

    def __repr__(self):
        return f"Upload({self.captured_us}, {self.source!r}, {self.destination!r}, {self.path!r}, " \
               f"{len(self.body)} bytes, complete={bool(self.complete)}, source_mac={self.source_mac!r}, " \
               f"destination_mac={self.destination_mac!r}, vlan={self.vlan})"


cdef inline uint64_t finished_size(const Finished* self) noexcept nogil:
    return sizeof(Finished) + self.path_size + self.body_space


cdef void finished_free(Finished* self) noexcept nogil:
    free(self.path)
    free(self.body)


cdef bint uploads_add(UploadQueue* self, const Buffer* path, Buffer* body, uint64_t size, bint complete,
                      Memory* memory) noexcept nogil:
    """Queues the body's first `size` bytes (not 0) as an upload; the rest stays in `body`. The path is copied.

    The block of `body` goes to the queue and leaves the budget `memory`, so that an eviction can always give out the
    uploads it ends. The upload is unsigned: uploads_sign must follow. False = out of memory, nothing changed.
    """
    cdef Finished* item
    cdef void* grown
    cdef uint8_t* copied
    cdef Buffer rest
    memset(&rest, 0, sizeof(Buffer))

    # Everything that can fail comes before the first change.
    if self.count == self.capacity:
        grown = array_grow(NULL, self.items, &self.capacity, sizeof(Finished))
        if grown == NULL:
            return False
        self.items = <Finished*>grown
    copied = <uint8_t*>malloc(path.size)
    if copied == NULL:
        return False
    if not buffer_append(&rest, memory, body.data + size, body.size - size):
        free(copied)
        return False

    memcpy(copied, path.data, path.size)
    item = self.items + self.count
    memset(item, 0, sizeof(Finished))
    item.complete = complete
    item.path = copied
    item.path_size = path.size
    item.body_size = size
    # The block changes hands: out of the budget, cut to size where much of it is empty (a failed cut keeps the larger
    # block), into the queue.
    memory.used -= body.capacity
    item.body, item.body_space = body.data, body.capacity
    if body.capacity > SLACK * size:
        grown = realloc(body.data, size)
        if grown != NULL:
            item.body, item.body_space = <uint8_t*>grown, size
    self.count += 1
    self.bytes += finished_size(item)
    body[0] = rest
    return True


cdef void uploads_sign(UploadQueue* self, uint32_t first, const Endpoints* ends, int64_t captured_us) noexcept nogil:
    """Sets sender, receiver and time of completion of every upload from index `first` on."""
    cdef uint32_t i
    for i in range(first, self.count):
        self.items[i].ends = ends[0]
        self.items[i].captured_us = captured_us


cdef void uploads_taken(UploadQueue* self, uint32_t taken) noexcept nogil:
    """Drops the `taken` oldest uploads."""
    cdef uint32_t i
    if taken == 0:
        return
    for i in range(taken):
        self.bytes -= finished_size(self.items + i)
        finished_free(self.items + i)
    self.count -= taken
    memmove(self.items, self.items + taken, self.count * sizeof(Finished))


cdef void uploads_free(UploadQueue* self) noexcept nogil:
    """Gives all memory back."""
    uploads_taken(self, self.count)
    free(self.items)


cdef list to_uploads(UploadQueue* self):
    """The queued uploads as Python objects; the queue is empty afterwards. Raises MemoryError, and loses none then."""
    cdef uint32_t i
    cdef Finished* item
    cdef list uploads = []
    # Nothing leaves the queue before all are objects: a MemoryError in between would lose some.
    for i in range(self.count):
        item = self.items + i
        uploads.append(Upload(
            item.captured_us,
            endpoint_text(item.ends.family, &item.ends.source, item.ends.source_port),
            endpoint_text(item.ends.family, &item.ends.destination, item.ends.destination_port),
            (<bytes>item.path[:item.path_size]).decode("utf-8", "surrogateescape"),
            item.body[:item.body_size],
            bool(item.complete),
            mac_text(item.ends.source_mac),
            mac_text(item.ends.destination_mac),
            vlan_ids(item.ends.vlan),
        ))
    uploads_taken(self, self.count)
    return uploads
