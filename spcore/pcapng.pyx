"""pcapng files (draft-ietf-opsawg-pcapng): Wireshark's and dumpcap's.

    block:    type (4), total length (4), body, total length again; padded to four bytes
    section:  a section header block, whose byte order holds for all up to the next one; its interfaces are its own
    packets:  enhanced, simple and (obsolete) packet blocks; everything else is stepped over

A time stamp counts ticks of its interface's resolution, 10**-n or 2**-n seconds; a simple packet has none and gets that
of the packet before it.
"""
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from spcore.capturefile cimport (
    NOT_READABLE, STEP_END, STEP_PACKET, CaptureFile, Interface, Step, add_interface, damaged, fill_packet, get16,
    get32, set_link, stopped,
)
from spcore.window cimport window_has, window_here, window_skip

cdef extern from *:
    void prefetch "__builtin_prefetch"(const void* address) nogil

cdef enum:
    BLOCK_SECTION = 0x0A0D0D0A      # the same in both byte orders
    BLOCK_INTERFACE = 1
    BLOCK_PACKET = 2
    BLOCK_SIMPLE = 3
    BLOCK_ENHANCED = 6
    BYTE_ORDER = 0x1A2B3C4D

cdef enum:
    HEAD = 8                        # type and length
    TAIL = 4                        # the length again
    SMALLEST = 12                   # both
    SECTION_SMALLEST = 28
    INTERFACE_HEAD = 16             # up to the options
    SIMPLE_HEAD = 12                # up to the frame
    PACKET_HEAD = 28                # of both kinds with a time stamp
    OPTION_HEAD = 4                 # code and length

cdef enum:                          # options of an interface
    OPTION_END = 0
    OPTION_RESOLUTION = 9
    OPTION_FCS = 13
    OPTION_OFFSET = 14

cdef int64_t LATEST = <int64_t>1 << 62      # later times are garbage


cdef bint pcapng_magic(const uint8_t* data) noexcept nogil:
    """Whether a pcapng file begins so."""
    return data[0] == 0x0A and data[1] == 0x0D and data[2] == 0x0D and data[3] == 0x0A


cdef bint begin_section(CaptureFile* self) noexcept nogil:
    """A section header: 12 bytes stand at `at`. Sets the byte order; False = none that exists."""
    self.swapped = False
    if get32(self, self.window.at + 8) != BYTE_ORDER:
        self.swapped = True
        if get32(self, self.window.at + 8) != BYTE_ORDER:
            return False
    self.interface_count = 0
    return True


cdef void set_resolution(Interface* interface, uint8_t value) noexcept nogil:
    """10**-n seconds, or 2**-n where the first bit is set. More than 64 bits of fraction are no clock: taken as 64."""
    cdef uint8_t _
    interface.shift = 0
    interface.divide = interface.multiply = 1
    if value & 0x80:
        interface.shift = min(value & 0x7F, 63)
        if interface.shift == 0:
            interface.multiply = 1_000_000
        return
    for _ in range(value, 6):
        interface.multiply *= 10
    for _ in range(6, min(value, <uint8_t>25)):
        interface.divide *= 10


cdef Step describe_interface(CaptureFile* self, uint32_t length) noexcept nogil:
    """An interface description block, all of which stands at `at`."""
    cdef const uint8_t* block = self.window.at
    cdef Interface* interface
    cdef uint32_t at = INTERFACE_HEAD, code, size
    if length < INTERFACE_HEAD + TAIL:
        return damaged(self, b"an interface description is too short")
    interface = add_interface(self)
    if interface == NULL:
        if self.interface_count < self.max_interfaces:
            return damaged(self, b"there is no memory for its interfaces")
        return STEP_PACKET              # packets of interfaces without a place are counted as unreadable
    set_link(self, interface, get16(self, block + 8))
    interface.snaplen = get32(self, block + 12)
    while at + OPTION_HEAD <= length - TAIL:
        code, size = get16(self, block + at), get16(self, block + at + 2)
        at += OPTION_HEAD
        if code == OPTION_END or size > length - TAIL - at:
            break
        if code == OPTION_RESOLUTION and size == 1:
            set_resolution(interface, block[at])
        elif code == OPTION_FCS and size == 1:
            interface.fcs = block[at]
        elif code == OPTION_OFFSET and size == 8:
            interface.offset_us = offset_of(self, block + at)
        at += (size + 3) & ~3u
    return STEP_PACKET


cdef int64_t offset_of(const CaptureFile* self, const uint8_t* p) noexcept nogil:
    """Signed seconds → microseconds; nothing where that cannot be a time."""
    cdef uint64_t low = get32(self, p), high = get32(self, p + 4)
    cdef int64_t seconds = <int64_t>(high << 32 | low if not self.swapped else low << 32 | high)
    return seconds * 1_000_000 if -LATEST // 1_000_000 < seconds < LATEST // 1_000_000 else 0


cdef uint64_t binary_us(uint64_t ticks, uint8_t shift) noexcept nogil:
    """Ticks of 2**-shift seconds → microseconds. 43 bits of fraction are plenty, and fit beside a million."""
    cdef uint64_t seconds = ticks >> shift
    cdef uint64_t fraction = ticks & ((<uint64_t>1 << shift) - 1)
    if shift > 43:
        fraction >>= shift - 43
        shift = 43
    if seconds > <uint64_t>LATEST // 1_000_000:
        return <uint64_t>LATEST
    return seconds * 1_000_000 + (fraction * 1_000_000 >> shift)


cdef void set_time(CaptureFile* self, const Interface* interface, uint32_t high, uint32_t low) noexcept nogil:
    cdef uint64_t ticks = (<uint64_t>high << 32) | low
    if interface.shift:
        ticks = binary_us(ticks, interface.shift)
    elif interface.divide == 1000:          # nanoseconds: a constant, so no division
        ticks = ticks // 1000
    elif interface.divide != 1:
        ticks = ticks // interface.divide
    elif interface.multiply != 1:
        ticks = ticks * interface.multiply if ticks < <uint64_t>LATEST // interface.multiply else <uint64_t>LATEST
    if ticks > <uint64_t>LATEST:
        ticks = <uint64_t>LATEST
    self.last_us = self.packet.time_us = <int64_t>ticks + interface.offset_us


cdef Step take_packet(CaptureFile* self, uint32_t kind, uint32_t length) noexcept nogil:
    """A packet block, all of which stands at `at`, into `packet`."""
    cdef const uint8_t* block = self.window.at
    cdef const Interface* interface
    cdef uint32_t number, caplen, original, head
    if kind == BLOCK_SIMPLE:
        head, number = SIMPLE_HEAD, 0
        original = get32(self, block + 8)
        caplen = min(original, length - SIMPLE_HEAD - TAIL)
    else:
        head = PACKET_HEAD
        number = get16(self, block + 8) if kind == BLOCK_PACKET else get32(self, block + 8)
        caplen, original = get32(self, block + 20), get32(self, block + 24)
    if caplen > length - head - TAIL:
        return damaged(self, b"a packet is longer than its block")
    self.packet.link_type = NOT_READABLE
    self.packet.time_us = self.last_us
    self.packet.data = block + head
    self.packet.caplen, self.packet.length = caplen, original
    if number >= self.interface_count:
        return STEP_PACKET
    interface = self.interfaces + number
    if kind == BLOCK_SIMPLE:
        if interface.snaplen != 0:
            caplen = min(caplen, interface.snaplen)
    else:
        set_time(self, interface, get32(self, block + 12), get32(self, block + 16))
    fill_packet(self, interface, block + head, caplen, original)
    return STEP_PACKET


cdef Step pcapng_step(CaptureFile* self) noexcept nogil:
    """The next packet of a pcapng file; it points into the window, good until the next step.

    No length is believed before it is compared with its bound, no byte read before the window has it. What cannot be
    believed ends the file: STEP_DAMAGED, and `problem` says what and where.
    """
    cdef uint32_t kind, length, padded
    cdef uint64_t here
    cdef Step step
    while True:
        if not window_has(&self.window, SMALLEST):
            return stopped(self)

        # The head of a block. A section's type reads the same in both byte orders, its length does not.
        kind = get32(self, self.window.at)
        if kind == BLOCK_SECTION and not begin_section(self):
            return damaged(self, b"a section header has no byte order")
        length = get32(self, self.window.at + 4)
        padded = (length + 3) & ~3u
        if length < (SECTION_SMALLEST if kind == BLOCK_SECTION else SMALLEST) or padded < length:
            return damaged(self, b"a block's length cannot be")

        # Packets and interfaces are held whole, within their bounds; everything else is stepped over.
        if kind == BLOCK_ENHANCED or kind == BLOCK_PACKET or kind == BLOCK_SIMPLE:
            if length < (SIMPLE_HEAD if kind == BLOCK_SIMPLE else PACKET_HEAD) + TAIL:
                return damaged(self, b"a packet block is too short")
            if length > self.max_packet:
                return damaged(self, b"a block claims more bytes than a frame can have")
        elif kind == BLOCK_INTERFACE:
            if length > self.max_description:
                return damaged(self, b"an interface description is too long")
        else:
            here = window_here(&self.window)
            if not window_skip(&self.window, padded):
                step = stopped(self)
                if step == STEP_END:            # the stream ended, but inside this block
                    step = damaged(self, b"the file is cut short")
                self.problem_at = here
                return step
            continue

        # The whole block is there, and its end says the same length.
        if not window_has(&self.window, padded):
            return stopped(self)
        if get32(self, self.window.at + padded - TAIL) != length:
            return damaged(self, b"the two lengths of a block differ")
        if kind == BLOCK_INTERFACE:
            step = describe_interface(self, length)
            if step != STEP_PACKET:
                return step
            self.window.at += padded
            continue
        step = take_packet(self, kind, length)
        if step == STEP_PACKET:
            self.window.at += padded
            prefetch(self.window.at)
            prefetch(self.window.at + 64)
            prefetch(self.window.at + padded)          # frames of one size follow each other
        return step
