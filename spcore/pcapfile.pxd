from libc.stdint cimport uint8_t

from spcore.capturefile cimport CaptureFile, Step

cdef bint pcap_magic(CaptureFile* self, const uint8_t* data) noexcept nogil
cdef bint pcap_open(CaptureFile* self) noexcept nogil
cdef Step pcap_step(CaptureFile* self) noexcept nogil
