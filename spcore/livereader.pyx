"""Moves packets from pcapy-ng's reader to the engine, a batch per call, without a Python object per packet.

pcapy-ng gives no C interface, but its object is a PyObject head followed by the `pcap_t *`, and the libpcap that made
that pcap_t is the one inside pcapy's own shared object: its functions are looked up there and nowhere else (a second
libpcap in the process reads garbage or nothing). The pointer is read again at each call and the object is kept alive.
When any of this does not check out, packets come through pcapy's public `next_batch`: slower, same result.
"""
from libc.stdint cimport int64_t, uint8_t, uint32_t

from spcore.engine cimport Core, Engine, core_packet
from spcore.links cimport link_supported
from spcore.packets cimport Packet

from spcore.filereader import ReadError

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <dlfcn.h>
    """
    ctypedef struct Dl_info:
        const char* dli_fname
    int RTLD_LAZY
    int RTLD_NOLOAD
    void* dlopen(const char* path, int flags) nogil
    void* dlsym(void* handle, const char* name) nogil
    int dladdr(const void* address, Dl_info* info) nogil

# struct pcap_pkthdr of libpcap's stable ABI (pcap/pcap.h): a struct timeval and two lengths.
cdef struct PacketHeader:
    long seconds
    long microseconds
    uint32_t caplen
    uint32_t length

# What the callback gets: where packets go, and what they are.
cdef struct Target:
    Core* core
    int link_type

ctypedef void (*Handler)(uint8_t*, const PacketHeader*, const uint8_t*) noexcept nogil
ctypedef int (*Dispatch)(void*, int, Handler, uint8_t*) noexcept nogil
ctypedef const char* (*GetError)(void*) noexcept nogil

cdef Dispatch pcap_dispatch = NULL
cdef GetError pcap_geterr = NULL

cdef enum:
    PACKETS = 32                # per call of pcap_dispatch: 2 MiB at most before the engine is asked whether it is full
    BATCH = 64                  # per next_batch: larger ones make its buffer grow anew each time (measured)


cdef bint find_libpcap():
    """Looks the functions up in the library pcapy itself uses. False = not to be had."""
    global pcap_dispatch, pcap_geterr
    import pcapy
    cdef void* library = dlopen(pcapy.__file__.encode(), RTLD_LAZY | RTLD_NOLOAD)
    if library == NULL:
        return False
    pcap_dispatch = <Dispatch>dlsym(library, b"pcap_dispatch")
    pcap_geterr = <GetError>dlsym(library, b"pcap_geterr")
    return pcap_dispatch != NULL and pcap_geterr != NULL


cdef bint made_by_pcapy(object handle):
    """True when the object's type lives in pcapy's shared object and is large enough to hold the pointer."""
    cdef Dl_info info
    cdef object kind = type(handle)
    import pcapy
    if not dladdr(<const void*>kind, &info) or info.dli_fname == NULL:
        return False
    return <bytes>info.dli_fname == pcapy.__file__.encode() and \
        kind.__basicsize__ >= object.__basicsize__ + sizeof(void*)


cdef void deliver(Target* target, const PacketHeader* header, const uint8_t* data) noexcept nogil:
    cdef Packet packet
    packet.time_us = <int64_t>header.seconds * 1_000_000 + header.microseconds
    packet.link_type = target.link_type
    packet.caplen, packet.length = header.caplen, header.length
    packet.data = data
    core_packet(target.core, &packet)


cdef void live_packet(uint8_t* user, const PacketHeader* header, const uint8_t* data) noexcept nogil:
    """libpcap's callback."""
    deliver(<Target*>user, header, data)


cdef class LiveReader:
    """Feeds an Engine from an activated pcapy reader, and closes that. Raises ValueError for an unknown link type."""

    def __init__(self, handle, bint direct=True):
        self.handle = handle
        self.link_type = handle.datalink()
        if not link_supported(self.link_type):
            raise ValueError(self.link_type)
        self.direct = direct and find_libpcap() and made_by_pcapy(handle)

    def close(self):
        """Closes the capture. Not while another thread reads from it (a use after free in libpcap)."""
        self.handle.close()

    cdef void* pcap(self):
        cdef object handle = self.handle
        cdef Py_ssize_t head = object.__basicsize__
        return (<void**>(<char*><void*>handle + head))[0]

    def read(self, Engine engine not None):
        """Feeds packets until the engine has something to take or there is nothing to read.

        Returns (packets read, True when the loop ended because there was nothing more right now). Raises ReadError.
        """
        cdef int got = 1
        cdef int total = 0
        cdef Target target
        cdef void* pcap
        target.core, target.link_type = &engine.core, self.link_type
        if not self.direct:
            return self.read_batches(engine)
        pcap = self.pcap()
        if pcap == NULL:
            raise ReadError("the capture is closed")
        with nogil:
            while not engine.full():
                got = pcap_dispatch(pcap, PACKETS, live_packet, <uint8_t*>&target)
                if got <= 0:
                    break
                total += got
        if got < 0:
            raise ReadError(pcap_geterr(pcap).decode("utf-8", "replace"))
        return total, got == 0

    def read_batches(self, Engine engine not None):
        """The same through pcapy's public interface."""
        cdef PacketHeader header
        cdef Target target
        cdef const uint8_t[::1] data
        cdef const uint32_t[::1] index
        cdef Py_ssize_t i, total = 0
        target.core, target.link_type = &engine.core, self.link_type
        while not engine.full():
            data_bytes, index_bytes = self.handle.next_batch(BATCH)
            if not index_bytes:
                return total, True
            index = memoryview(index_bytes).cast("I") if not isinstance(index_bytes, memoryview) else index_bytes
            if len(data_bytes) == 0:
                total += index.shape[0] // 4
                continue
            data = data_bytes
            for i in range(index.shape[0] // 4):
                if index[4 * i + 2] + index[4 * i + 3] > data.shape[0] or index[4 * i + 3] == 0:
                    continue
                header.seconds = index[4 * i]
                header.microseconds = index[4 * i + 1]
                header.caplen = header.length = index[4 * i + 3]
                deliver(&target, &header, &data[index[4 * i + 2]])
            total += index.shape[0] // 4
        return total, False
