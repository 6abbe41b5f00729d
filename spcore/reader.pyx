"""Moves packets from pcapy-ng's reader to the engine, a batch per call, without a Python object per packet.

pcapy-ng gives no C interface, but its object is a PyObject head followed by the `pcap_t *`, and the libpcap that made
that pcap_t is the one inside pcapy's own shared object: its functions are looked up there and nowhere else (a second
libpcap in the process reads garbage or nothing). The pointer is read again at each call and the object is kept alive.
When any of this does not check out, packets come through pcapy's public `next_batch`: slower, same result.
"""
from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free, malloc

from spcore.engine cimport Engine, PacketHeader, core_packet
from spcore.headers cimport link_supported

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <dlfcn.h>
    #include <stdio.h>
    """
    ctypedef struct Dl_info:
        const char* dli_fname
    int RTLD_LAZY
    int RTLD_NOLOAD
    void* dlopen(const char* path, int flags) nogil
    void* dlsym(void* handle, const char* name) nogil
    int dladdr(const void* address, Dl_info* info) nogil
    ctypedef struct FILE:
        pass
    int _IOFBF
    int setvbuf(FILE* stream, char* buffer, int mode, size_t size) nogil
    long ftell(FILE* stream) nogil

ctypedef void (*Handler)(uint8_t*, const PacketHeader*, const uint8_t*) noexcept nogil
ctypedef int (*Dispatch)(void*, int, Handler, uint8_t*) noexcept nogil
ctypedef void (*BreakLoop)(void*) noexcept nogil
ctypedef const char* (*GetError)(void*) noexcept nogil
ctypedef FILE* (*SaveFile)(void*) noexcept nogil

cdef Dispatch pcap_dispatch = NULL
cdef GetError pcap_geterr = NULL
cdef SaveFile pcap_file = NULL

cdef enum:
    PACKETS = 32                # per call of pcap_dispatch: 2 MiB at most before the engine is asked whether it is full
    BATCH = 64                  # per next_batch: larger ones make its buffer grow anew each time (measured)
    FILE_BUFFER = 256 << 10     # stdio's own 4 KiB means a system call every five packets: twice the time (measured)


class ReadError(Exception):
    """libpcap could not read on; the text is libpcap's."""


cdef bint find_libpcap():
    """Looks the functions up in the library pcapy itself uses. False = not to be had."""
    global pcap_dispatch, pcap_geterr, pcap_file
    import pcapy
    cdef void* library = dlopen(pcapy.__file__.encode(), RTLD_LAZY | RTLD_NOLOAD)
    if library == NULL:
        return False
    pcap_dispatch = <Dispatch>dlsym(library, b"pcap_dispatch")
    pcap_geterr = <GetError>dlsym(library, b"pcap_geterr")
    pcap_file = <SaveFile>dlsym(library, b"pcap_file")
    return pcap_dispatch != NULL and pcap_geterr != NULL and pcap_file != NULL


cdef bint made_by_pcapy(object handle):
    """True when the object's type lives in pcapy's shared object and is large enough to hold the pointer."""
    cdef Dl_info info
    cdef object kind = type(handle)
    import pcapy
    if not dladdr(<const void*>kind, &info) or info.dli_fname == NULL:
        return False
    return <bytes>info.dli_fname == pcapy.__file__.encode() and \
        kind.__basicsize__ >= object.__basicsize__ + sizeof(void*)


cdef void count_only(uint8_t* user, const PacketHeader* header, const uint8_t* data) noexcept nogil:
    """The empty loop: the floor of `suntap bench`."""
    (<uint32_t*>user)[0] += 1


cdef class Reader:
    """Feeds an Engine from an activated pcapy reader, and closes that. Raises ValueError for an unknown link type."""

    def __init__(self, handle, bint is_file, bint direct=True):
        cdef FILE* stream
        self.handle = handle
        self.link_type = handle.datalink()
        if not link_supported(self.link_type):
            raise ValueError(self.link_type)
        self.direct = direct and find_libpcap() and made_by_pcapy(handle)
        if self.direct and is_file:
            stream = pcap_file(self.pcap())
            # glibc keeps its own size unless it is given the buffer, which must then outlive the stream. What libpcap
            # has read ahead is given up and read again, which a pipe (ftell: -1) cannot do.
            self.buffer = <char*>malloc(FILE_BUFFER) if stream != NULL and ftell(stream) >= 0 else NULL
            if self.buffer != NULL:
                setvbuf(stream, self.buffer, _IOFBF, FILE_BUFFER)

    def close(self):
        """Closes the capture. Not while another thread reads from it (a use after free in libpcap)."""
        self.handle.close()
        free(self.buffer)
        self.buffer = NULL

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
        cdef uint8_t* core = <uint8_t*>&engine.core
        cdef void* pcap
        engine.set_link_type(self.link_type)
        if not self.direct:
            return self.read_batches(engine)
        pcap = self.pcap()
        if pcap == NULL:
            raise ReadError("the capture is closed")
        with nogil:
            while not engine.full():
                got = pcap_dispatch(pcap, PACKETS, core_packet, core)
                if got <= 0:
                    break
                total += got
        if got < 0:
            raise ReadError(pcap_geterr(pcap).decode("utf-8", "replace"))
        return total, got == 0

    def read_batches(self, Engine engine not None):
        """The same through pcapy's public interface."""
        cdef PacketHeader header
        cdef const uint8_t[::1] data
        cdef const uint32_t[::1] index
        cdef Py_ssize_t i, total = 0
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
                core_packet(<uint8_t*>&engine.core, &header, &data[index[4 * i + 2]])
            total += index.shape[0] // 4
        return total, False

    def count(self):
        """Reads everything and does nothing with it; returns the number of packets. Raises ReadError."""
        cdef uint32_t packets = 0
        cdef int got = 0
        cdef void* pcap = self.pcap() if self.direct else NULL
        if not self.direct:
            while True:
                index = self.handle.next_batch(BATCH)[1]
                if not index:
                    return packets
                packets += len(memoryview(index).cast("B")) // 16
        if pcap == NULL:
            raise ReadError("the capture is closed")
        with nogil:
            while True:
                got = pcap_dispatch(pcap, PACKETS, count_only, <uint8_t*>&packets)
                if got <= 0:
                    break
        if got < 0:
            raise ReadError(pcap_geterr(pcap).decode("utf-8", "replace"))
        return packets
