from libc.stdint cimport int64_t, uint8_t, uint32_t

# One captured frame, wherever it comes from. `data` points at `caplen` bytes that stay until the source is read on.
cdef struct Packet:
    int64_t time_us             # since 1970 UTC
    int link_type               # LINKTYPE_ number, see links.pyx
    uint32_t caplen             # bytes captured
    uint32_t length             # bytes that were on the wire
    const uint8_t* data
