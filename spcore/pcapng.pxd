from libc.stdint cimport uint8_t

from spcore.capturefile cimport CaptureFile, Step

cdef bint pcapng_magic(const uint8_t* data) noexcept nogil
cdef Step pcapng_step(CaptureFile* self) noexcept nogil
