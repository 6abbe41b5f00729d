# The queue of finished uploads.
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from spcore.buffer cimport Buffer, Memory
from spcore.endpoints cimport Endpoints

# A finished upload. It owns body and path (finished_free).
cdef struct Finished:
    int64_t captured_us
    Endpoints ends
    uint8_t complete
    uint8_t* path
    uint64_t path_size
    uint8_t* body
    uint64_t body_size
    uint64_t body_space             # bytes allocated for it

# Finished uploads on their way out of the loop, oldest first. Outside every budget: they live only until the loop's
# caller takes them, and `bytes` (all that was allocated for them) makes the loop pause at `batch_bytes`.
cdef struct UploadQueue:
    Finished* items
    uint32_t count
    uint32_t capacity
    uint64_t bytes

cdef bint uploads_add(UploadQueue* self, const Buffer* path, Buffer* body, uint64_t size, bint complete,
                      Memory* memory) noexcept nogil
cdef void uploads_sign(UploadQueue* self, uint32_t first, const Endpoints* ends, int64_t captured_us) noexcept nogil
cdef void uploads_taken(UploadQueue* self, uint32_t taken) noexcept nogil
cdef void uploads_free(UploadQueue* self) noexcept nogil
cdef void finished_free(Finished* self) noexcept nogil
cdef list to_uploads(UploadQueue* self)
