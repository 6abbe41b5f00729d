from spcore.engine cimport Engine

cdef class Reader:
    cdef object handle              # pcapy's reader: owns the pcap_t
    cdef char* buffer               # of the file's stdio stream; freed after the handle is closed
    cdef readonly int link_type
    cdef readonly bint direct       # packets come by pcap_dispatch, not by next_batch
    cdef void* pcap(self)
