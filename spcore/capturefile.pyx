"""An open capture file, whichever its format: what pcapfile.pyx and pcapng.pyx share.

Rule of both: a length is compared with its bound and with what is there before it is used, and a record that cannot be
believed ends the file; what stood before it was given out.
"""
from libc.stdint cimport uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

from spcore.links cimport link_supported
from spcore.window cimport window_close, window_here


cdef Step stopped(CaptureFile* self) noexcept nogil:
    """What it means that the window has not what was asked for."""
    if self.window.waiting:
        self.window.waiting = False
        return STEP_WAIT
    if self.window.failed:
        return damaged(self, b"cannot be read on")
    if self.window.at == self.window.end:
        return STEP_END
    return damaged(self, b"the file is cut short")


cdef Step damaged(CaptureFile* self, const char* problem) noexcept nogil:
    self.problem = problem
    self.problem_at = window_here(&self.window)
    return STEP_DAMAGED


cdef Interface* add_interface(CaptureFile* self) noexcept nogil:
    """A new interface of whole microseconds; NULL = its bound is reached (or no memory)."""
    cdef void* grown
    cdef uint32_t space
    cdef Interface* added
    if self.interface_count == self.interface_space:
        space = min(max(self.interface_space * 2, <uint32_t>4), self.max_interfaces)
        if space == self.interface_space:
            return NULL
        grown = realloc(self.interfaces, space * sizeof(Interface))
        if grown == NULL:
            return NULL
        self.interfaces = <Interface*>grown
        self.interface_space = space
    added = self.interfaces + self.interface_count
    self.interface_count += 1
    memset(added, 0, sizeof(Interface))
    added.divide = added.multiply = 1
    return added


cdef void set_link(CaptureFile* self, Interface* interface, uint32_t link_type) noexcept nogil:
    interface.link_type = <int>link_type if link_supported(<int>link_type) else NOT_READABLE
    if interface.link_type == NOT_READABLE:
        self.unread_link = <int>link_type


cdef void capture_close(CaptureFile* self) noexcept nogil:
    """Gives all memory back."""
    window_close(&self.window)
    free(self.interfaces)
    self.interfaces = NULL
    self.interface_count = self.interface_space = 0
    self.held = False
    self.finished = True
