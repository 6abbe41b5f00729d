"""Classic capture files (draft-ietf-opsawg-pcap): tcpdump's, in both byte orders, with micro- or nanoseconds.

    file header, 24 bytes: magic, version (2 + 2), zone, accuracy, snap length, link type
    each packet:           seconds, fraction, bytes captured, bytes on the wire; modified files 8 bytes more; the frame
"""
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from spcore.capturefile cimport (
    STEP_PACKET, CaptureFile, Interface, Step, add_interface, damaged, fill_packet, get16, get32, set_link, stopped,

)
from spcore.window cimport window_has

cdef extern from *:
    void prefetch "__builtin_prefetch"(const void* address) nogil

cdef enum:
    MAGIC_MICROSECONDS = 0xA1B2C3D4
    MAGIC_NANOSECONDS = 0xA1B23C4D
    MAGIC_MODIFIED = 0xA1B2CD34         # Kuznetzov's tcpdump: interface, protocol and packet type behind the lengths

cdef enum:
    FILE_HEAD = 24
    RECORD_HEAD = 16
    MODIFIED_HEAD = 24
    OLD_MAJOR = 543                     # written by a DG/UX tcpdump, lengths the other way round
    LINK_BITS = 0x03FFFFFF              # of the last word; above: 1 bit "FCS length present", 2 unused, 4 its length
    HAS_FCS = 0x04000000


cdef bint pcap_magic(CaptureFile* self, const uint8_t* data) noexcept nogil:
    """Whether a pcap file begins so; sets byte order, resolution and record head."""
    cdef uint32_t magic
    self.swapped = data[0] == 0xA1
    magic = get32(self, data)
    self.record_head = MODIFIED_HEAD if magic == MAGIC_MODIFIED else RECORD_HEAD
    self.nanoseconds = magic == MAGIC_NANOSECONDS
    return magic in (MAGIC_MICROSECONDS, MAGIC_NANOSECONDS, MAGIC_MODIFIED)


cdef bint pcap_open(CaptureFile* self) noexcept nogil:
    """Takes the file header; False = cut short or of a version that was never written."""
    cdef const uint8_t* head
    cdef Interface* interface
    cdef uint32_t major, minor, last
    if not window_has(&self.window, FILE_HEAD):
        return False
    head = self.window.at
    major, minor = get16(self, head + 4), get16(self, head + 6)
    if major != 2 and major != OLD_MAJOR:
        return False
    # Up to version 2.3 the two lengths of a record were written in either order: the smaller was captured.
    self.lengths_swapped = major == OLD_MAJOR or minor <= 3
    last = get32(self, head + 20)
    interface = add_interface(self)
    if interface == NULL:
        return False
    set_link(self, interface, last & LINK_BITS)
    if last & HAS_FCS:
        interface.fcs = (last >> 28) * 2
    self.window.at += FILE_HEAD
    return True


cdef Step pcap_step(CaptureFile* self) noexcept nogil:
    """The next packet of a pcap file."""
    cdef const uint8_t* head
    cdef uint32_t fraction, caplen, length
    if not window_has(&self.window, self.record_head):
        return stopped(self)
    head = self.window.at
    caplen, length = get32(self, head + 8), get32(self, head + 12)
    if self.lengths_swapped and caplen > length:
        caplen, length = length, caplen
    if caplen > self.max_packet:
        return damaged(self, b"a record claims more bytes than a frame can have")
    if not window_has(&self.window, <uint64_t>self.record_head + caplen):
        return stopped(self)
    head = self.window.at
    fraction = get32(self, head + 4)
    self.packet.time_us = <int64_t>get32(self, head) * 1_000_000 + (fraction // 1000 if self.nanoseconds else fraction)
    fill_packet(self, self.interfaces, head + self.record_head, caplen, length)
    self.window.at += self.record_head + caplen
    prefetch(self.window.at)
    prefetch(self.window.at + 64)
    prefetch(self.window.at + self.record_head + caplen)          # frames of one size follow each other
    return STEP_PACKET
