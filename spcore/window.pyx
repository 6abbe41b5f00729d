"""Bytes of a capture file or stream, in large steps and bounded memory.

A regular file is mapped a stretch at a time: packets are read where the page cache has them, without a copy. A pipe,
stdin or compressed file is read into a buffer. Invariant: nothing is read before `at` or behind `end`, and a window
never holds more than one step or one record, whichever is larger.

A mapped file that somebody shortens meanwhile costs SIGBUS on the pages that are gone. The handler here puts pages of
zeros in their place, for windows only, and the reader finds the file shorter than what it read: an error, no crash.
"""
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memmove

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <signal.h>
    #include <stdint.h>
    #include <sys/mman.h>
    #include <sys/stat.h>

    static __thread uintptr_t guard_from, guard_to;
    static struct sigaction guard_before;

    static void guard_page(int number, siginfo_t *info, void *context) {
        uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)4095;
        (void)number;
        (void)context;
        int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
        if (page < guard_from || page >= guard_to ||
            mmap((void *)page, guard_to - page, PROT_READ, how, -1, 0) == MAP_FAILED)
            sigaction(SIGBUS, &guard_before, NULL);     /* not ours: it comes again, as if we were not here */
    }

    static void guard(const void *from, uint64_t length) {
        static int installed;
        if (!installed) {
            struct sigaction action = {0};
            action.sa_sigaction = guard_page;
            action.sa_flags = SA_SIGINFO;
            installed = !sigaction(SIGBUS, &action, &guard_before);
        }
        guard_from = (uintptr_t)from;
        guard_to = guard_from + ((length + 4095) & ~(uint64_t)4095);
    }

    static uint64_t file_size(int descriptor) {
        struct stat about;
        return fstat(descriptor, &about) ? 0 : (uint64_t)about.st_size;
    }
    """
    int PROT_READ
    int MAP_SHARED
    void* MAP_FAILED
    void* mmap(void* address, size_t length, int protection, int flags, int descriptor, long long offset) nogil
    int munmap(void* address, size_t length) nogil
    void guard(const void* start, uint64_t length) nogil
    uint64_t file_size(int descriptor) nogil

cdef enum:
    ALIGNMENT = 1 << 16         # of mappings: the largest page size Linux has on the machines we build for


cdef void unmap(Window* self) noexcept nogil:
    if self.mapping != NULL:
        munmap(self.mapping, self.mapped)
        self.mapping = NULL


cdef bint map_on(Window* self, uint64_t need) noexcept nogil:
    """Maps the stretch that begins at `at`; False = the file ends before `need` bytes, or cannot be mapped."""
    cdef uint64_t here = window_here(self)
    cdef uint64_t start = here & ~<uint64_t>(ALIGNMENT - 1)
    cdef uint64_t length
    cdef void* mapping
    if self.size < here + need:
        self.size = file_size(self.descriptor)          # whoever writes it may have gone on
        if self.size < here + need:
            return False
    length = min(max(self.step, here - start + need), self.size - start)
    unmap(self)
    mapping = mmap(NULL, length, PROT_READ, MAP_SHARED, self.descriptor, start)
    if mapping == MAP_FAILED:
        self.at = self.end = NULL
        self.position = here
        self.failed = True
        return False
    self.mapping = <uint8_t*>mapping
    self.mapped = length
    self.at = self.mapping + (here - start)
    self.end = self.mapping + length
    self.position = start + length
    window_guard(self)
    return True


cdef int pull(Window* self, uint64_t most) noexcept with gil:
    """Appends what the stream gives to the buffer; bytes, 0 = its end, -1 = it raised (it keeps the exception)."""
    cdef bytes data
    try:
        data = (<object><PyObject*>self.source)(most)
    except BaseException:       # KeyboardInterrupt too: raised again once the loop has ended
        return -1
    if <uint64_t>len(data) > most:
        return -1
    memcpy(<uint8_t*>self.end, <const uint8_t*>data, len(data))
    return <int>len(data)


cdef bint read_on(Window* self, uint64_t need) noexcept nogil:
    """Moves what is left to the front and reads until `need` bytes are there; False = it ends before, or must wait."""
    cdef uint64_t held = <uint64_t>(self.end - self.at)
    cdef void* grown
    cdef int got
    if not self.may_wait:
        self.waiting = True
        return False
    if held and self.at != self.buffer:
        memmove(self.buffer, self.at, held)
    if need > self.capacity:
        grown = realloc(self.buffer, max(need, self.step))
        if grown == NULL:
            self.at = self.buffer
            self.end = self.buffer + held
            self.failed = True
            return False
        self.buffer = <uint8_t*>grown
        self.capacity = max(need, self.step)
    self.at = self.buffer
    self.end = self.buffer + held
    while <uint64_t>(self.end - self.at) < need:
        got = pull(self, self.capacity - <uint64_t>(self.end - self.at))
        if got <= 0:
            self.failed = self.failed or got < 0
            return False
        self.end += got
        self.position += <uint64_t>got
    self.may_wait = False
    return True


cdef bint window_fill(Window* self, uint64_t need) noexcept nogil:
    """Makes at least `need` bytes stand at `at`. False: the data ends before, or `waiting` or `failed` is set."""
    return map_on(self, need) if self.source == NULL else read_on(self, need)


cdef bint window_skip(Window* self, uint64_t count) noexcept nogil:
    """Steps over `count` bytes without having them all at once; False as window_fill."""
    cdef uint64_t here
    while count > <uint64_t>(self.end - self.at):
        if self.source == NULL:
            here = window_here(self) + count
            if here > self.size and here > file_size(self.descriptor):
                return False
            self.at = self.end = NULL
            self.position = here
            return True
        count -= <uint64_t>(self.end - self.at)
        self.at = self.end
        self.may_wait = True            # inside a record nothing is held back
        if not read_on(self, 1):
            return False
    self.at += count
    return True


cdef bint window_shrank(Window* self) noexcept nogil:
    """True when a mapped file is shorter than what was read of it: the last bytes were never there."""
    return self.source == NULL and file_size(self.descriptor) < window_here(self)


cdef void window_guard(const Window* self) noexcept nogil:
    """Before a window is read from: missing pages of its mapping read as zeros."""
    if self.mapping != NULL:
        guard(self.mapping, self.mapped)


cdef void window_close(Window* self) noexcept nogil:
    """Gives all memory back. The descriptor and the stream belong to the caller."""
    unmap(self)
    free(self.buffer)
    self.buffer = NULL
    self.at = self.end = NULL
