"""Capture files as one stream of packets in order of time, moved to the engine without a Python object per packet.

Several files are merged by the time of each one's next packet, as mergecap does: a file that steps back in time stays
in its own order. `feed` returns whenever the engine has something to take, a stream would have to be waited for, or
the time comes at which its caller has another file to open.
"""
from libc.stdint cimport INT64_MAX, int64_t, uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from spcore.capturefile cimport NOT_READABLE, STEP_PACKET, STEP_WAIT, CaptureFile, Step, capture_close
from spcore.engine cimport Core, Engine, core_packet
from spcore.pcapfile cimport pcap_magic, pcap_open, pcap_step
from spcore.pcapng cimport pcapng_magic, pcapng_step
from spcore.window cimport window_guard, window_has, window_shrank

from spcore.limits import Limits

FOREVER = INT64_MAX

cdef enum:
    WINDOW = 4 << 20            # of a mapped file
    PACKETS = 32                # between two looks whether the engine is full


class ReadError(Exception):
    """A file is no capture; the text says what it is instead or what is wrong with it."""


cdef bint capture_open(CaptureFile* self) noexcept nogil:
    """Tells the format; `window` and the bounds are set. False = this is no capture, or not one that is read."""
    self.unread_link = NOT_READABLE
    self.window.may_wait = True
    if not window_has(&self.window, 4):
        return False
    self.pcapng = pcapng_magic(self.window.at)
    if self.pcapng:
        return True
    self.window.may_wait = True
    return pcap_magic(self, self.window.at) and pcap_open(self)


cdef inline Step capture_step(CaptureFile* self) noexcept nogil:
    """The next packet."""
    return pcapng_step(self) if self.pcapng else pcap_step(self)


cdef class OpenFile:
    """One capture file. descriptor: of a regular file to be mapped, unless `stream` is given: called with a number of
    bytes it returns at most so many, b"" at its end. `step`: bytes mapped or read at a time. Closes neither.

    Raises ReadError when this is no capture.
    """

    def __cinit__(self):
        memset(&self.file, 0, sizeof(CaptureFile))

    def __init__(self, name, int descriptor, stream=None, limits=None, int step=WINDOW):
        limits = limits or Limits
        self.name = name
        self.stream = stream
        self.file.window.source = <void*>stream if stream is not None else NULL
        self.file.window.descriptor = descriptor
        self.file.window.step = step
        self.file.max_packet = limits.max_packet
        self.file.max_interfaces = limits.max_interfaces
        self.file.max_description = limits.max_description
        window_guard(&self.file.window)
        opened = capture_open(&self.file)
        raised = getattr(stream, "raised", None)
        if raised is not None:
            raise raised
        if not opened:
            raise ReadError("not a pcap or pcapng capture")

    def __dealloc__(self):
        capture_close(&self.file)

    def close(self):
        """Gives its memory back; nothing more can be read."""
        capture_close(&self.file)

    def first_us(self):
        """The time of the next packet, None when there is none. May wait for a stream."""
        window_guard(&self.file.window)
        while not self.file.held and not self.file.finished:
            self.file.window.may_wait = True
            advance(&self.file)
            raised = getattr(self.stream, "raised", None)
            if raised is not None:
                raise raised
        return self.file.packet.time_us if self.file.held else None

    @property
    def finished(self):
        """True when there is nothing more to read."""
        return bool(self.file.finished)

    @property
    def problem(self):
        """What ended the file before its end, "" when nothing did."""
        of_stream = getattr(self.stream, "problem", "")
        if of_stream:
            return of_stream
        if self.file.problem != NULL:
            return f"{self.file.problem.decode()} (at byte {self.file.problem_at})"
        return ""

    @property
    def last_us(self):
        """The time of the packet that was read last."""
        return self.file.packet.time_us

    @property
    def only_link(self):
        """The link type of all its packets where that is not read; -1 = some are, or may be."""
        return NOT_READABLE if self.file.pcapng else self.file.unread_link

    @property
    def unread_link(self):
        """A link type among its interfaces' that is not read; -1 = there is none."""
        return self.file.unread_link


cdef bint advance(CaptureFile* file) noexcept nogil:
    """Makes the next packet `held`; False = there is none now."""
    cdef Step step = capture_step(file)
    if step == STEP_PACKET:
        file.held = True
        return True
    if step != STEP_WAIT:
        if window_shrank(&file.window):
            file.problem = b"the file became shorter while it was read"
        file.finished = True
    return False


cdef bint pass_on(CaptureFile* file, Core* core, int64_t until, uint32_t* packets) noexcept nogil:
    """Moves up to PACKETS packets on that are no later than `until`; False = the next is later or not there."""
    cdef uint32_t _
    for _ in range(PACKETS):
        if not file.held and not advance(file):
            return False
        if file.packet.time_us > until:
            return False
        file.held = False
        packets[0] += 1
        if core != NULL:
            core_packet(core, &file.packet)
    return True


cdef CaptureFile* earliest(CaptureFile** files, uint32_t count, int64_t* next_us) noexcept nogil:
    """The file whose next packet comes first, the first of several; `next_us`: when another one's comes. NULL = some
    file has to be waited for, or all are finished."""
    cdef CaptureFile* found = NULL
    cdef uint32_t i
    next_us[0] = INT64_MAX
    for i in range(count):
        if files[i].finished:
            continue
        if not files[i].held and not advance(files[i]):
            if files[i].finished:
                continue
            return NULL
        if found == NULL:
            found = files[i]
        elif files[i].packet.time_us < found.packet.time_us:
            next_us[0] = found.packet.time_us
            found = files[i]
        elif files[i].packet.time_us < next_us[0]:
            next_us[0] = files[i].packet.time_us
    return found


def feed(list files not None, Engine engine, int64_t until_us=INT64_MAX):
    """Feeds packets no later than `until_us` until the engine has something to take or there is nothing more for now.

    files: OpenFiles. engine None: counts only, the floor of the benchmark. Returns (packets, True when all packets up
    to `until_us` were fed). Whatever streams raised is raised here, after what they gave before.
    """
    cdef uint32_t packets = 0, count = len(files), i
    cdef CaptureFile** all = <CaptureFile**>malloc((count + 1) * sizeof(CaptureFile*))
    cdef CaptureFile* file = NULL
    cdef Core* core = &engine.core if engine is not None else NULL
    cdef int64_t next_us = INT64_MAX, limit
    cdef bint over = False
    if all == NULL:
        raise MemoryError()
    for i in range(count):
        all[i] = &(<OpenFile>files[i]).file
        all[i].window.may_wait = True
    with nogil:
        while core == NULL or not engine.full():
            if count == 1:
                file = all[0]
                over = file.finished
                limit = until_us
            else:
                file = earliest(all, count, &next_us)
                limit = min(until_us, next_us)
            if file == NULL or over:
                break
            window_guard(&file.window)
            if not pass_on(file, core, limit, &packets) and (count == 1 or limit == until_us):
                break
    for i in range(count):
        raised = getattr((<OpenFile>files[i]).stream, "raised", None)
        if raised is not None:
            free(all)
            raise raised
    over = True
    for i in range(count):
        over = over and (all[i].finished or (all[i].held and all[i].packet.time_us > until_us))
    free(all)
    return packets, over
