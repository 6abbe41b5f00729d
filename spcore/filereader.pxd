from spcore.capturefile cimport CaptureFile

cdef class OpenFile:
    cdef CaptureFile file
    cdef readonly object name
    cdef object stream              # called for bytes; None = the file is mapped
    cdef int descriptor
