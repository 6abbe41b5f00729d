cdef class LiveReader:
    cdef object handle              # pcapy's reader: owns the pcap_t
    cdef readonly int link_type
    cdef readonly bint direct       # packets come by pcap_dispatch, not by next_batch
    cdef void* pcap(self)
