from libc.stdint cimport uint8_t, uint64_t

# A stretch of a file or stream, moved forward as its reader goes.
#   at .. end    the bytes that are there; `position` is where `end` lies in the file
#   mapped       `source` is NULL: at .. end points into a mapping of the file
#   streamed     `source` is a Python callable: at .. end points into `buffer`
cdef struct Window:
    const uint8_t* at
    const uint8_t* end
    uint64_t position
    int descriptor
    uint64_t size               # of the file, when last looked
    uint8_t* mapping
    uint64_t mapped
    uint8_t* buffer
    uint64_t capacity
    void* source                # borrowed: whoever owns the window keeps it alive
    uint64_t step
    bint may_wait               # the next fill may block
    bint waiting                # a fill was refused for that
    bint failed                 # no memory, or the stream raised

cdef bint window_fill(Window* self, uint64_t need) noexcept nogil
cdef bint window_skip(Window* self, uint64_t count) noexcept nogil
cdef bint window_shrank(Window* self) noexcept nogil
cdef void window_guard(const Window* self) noexcept nogil
cdef void window_close(Window* self) noexcept nogil

cdef inline uint64_t window_here(const Window* self) noexcept nogil:
    """The position of `at`."""
    return self.position - <uint64_t>(self.end - self.at)


cdef inline bint window_has(Window* self, uint64_t need) noexcept nogil:
    """True when `need` bytes stand at `at`, fetched if they must be. What was there before may have moved."""
    return <uint64_t>(self.end - self.at) >= need or window_fill(self, need)
