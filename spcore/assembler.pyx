"""Puts pieces of a byte sequence in order: the one store behind IP defragmentation and TCP reassembly.

The data structure in one sentence: a sorted list of disjoint ranges says which positions are here, and sparse pages of
2 KiB hold their bytes.

Invariants. Ranges are sorted, non-empty and never touch (touching ranges are merged). Every position inside a range has
its byte in a page; a byte once stored is never changed (the first captured wins), a differing repetition is counted.
Cost: a binary search and one memmove of range records per piece; adjacent pieces, whatever their order, stay one range,
so reversed or one-byte input is not quadratic. All memory goes through a Memory budget.
"""
from libc.string cimport memcmp, memcpy, memmove

from spcore.buffer cimport array_grow, memory_resize
from spcore.invariants cimport CHECKED, must


cdef void check(const Assembler* self) noexcept nogil:
    """Checks the invariants that assembler.pxd states."""
    cdef uint32_t i, page = 0
    cdef uint64_t bytes = 0, number
    for i in range(self.page_count):
        must(i == 0 or self.pages[i - 1].number < self.pages[i].number)
    for i in range(self.count):
        must(self.ranges[i].start < self.ranges[i].end)
        must(i == 0 or self.ranges[i - 1].end < self.ranges[i].start)
        bytes += self.ranges[i].end - self.ranges[i].start
        for number in range(self.ranges[i].start // PAGE_BYTES, (self.ranges[i].end - 1) // PAGE_BYTES + 1):
            while page < self.page_count and self.pages[page].number < number:
                page += 1
            must(page < self.page_count and self.pages[page].number == number)
    must(bytes == self.bytes and self.count <= self.capacity and self.page_count <= self.page_capacity)


cdef uint32_t find(Assembler* self, uint64_t position) noexcept nogil:
    """Index of the first range that ends at or behind `position` (self.count if none)."""
    cdef uint32_t low = 0, high = self.count, middle
    # Most pieces belong behind everything that is queued, or touch the last range.
    if high == 0 or self.ranges[high - 1].end < position:
        return high
    while low < high:
        middle = (low + high) // 2
        if self.ranges[middle].end < position:
            low = middle + 1
        else:
            high = middle
    return low


cdef uint32_t find_page(Assembler* self, uint64_t number) noexcept nogil:
    """Index of the first page numbered `number` or higher."""
    cdef uint32_t low = 0, high = self.page_count, middle
    if high == 0 or self.pages[high - 1].number < number:
        return high
    while low < high:
        middle = (low + high) // 2
        if self.pages[middle].number < number:
            low = middle + 1
        else:
            high = middle
    return low


cdef bint ensure_pages(Assembler* self, Memory* memory, uint64_t start, uint64_t end) noexcept nogil:
    """Makes every page of [start, end). False: budget exhausted; pages already allocated are kept."""
    cdef uint64_t number = start // PAGE_BYTES, last = (end - 1) // PAGE_BYTES
    cdef uint32_t index = find_page(self, number)
    cdef void* grown
    cdef Page* page
    while number <= last:
        if index == self.page_count or self.pages[index].number != number:
            if self.page_count == self.page_capacity:
                grown = array_grow(memory, self.pages, &self.page_capacity, sizeof(Page*))
                if grown == NULL:
                    return False
                self.pages = <Page**>grown
            page = <Page*>memory_resize(memory, NULL, 0, sizeof(Page))
            if page == NULL:
                return False
            page.number = number
            memmove(self.pages + index + 1, self.pages + index, (self.page_count - index) * sizeof(Page*))
            self.pages[index] = page
            self.page_count += 1
        index += 1
        number += 1
    return True


cdef void copy_in(Assembler* self, uint64_t start, const uint8_t* data, uint64_t length, bint compare) noexcept nogil:
    """Stores (or, with `compare`, checks) bytes whose pages exist."""
    cdef uint32_t index = find_page(self, start // PAGE_BYTES)
    cdef uint64_t at, size
    while length > 0:
        at = start % PAGE_BYTES
        size = min(length, <uint64_t>PAGE_BYTES - at)
        if not compare:
            memcpy(self.pages[index].data + at, data, size)
        elif memcmp(self.pages[index].data + at, data, size) != 0:
            self.conflicts += size
        data += size
        start += size
        length -= size
        index += 1


cdef Insert assembler_insert(Assembler* self, Memory* memory, uint64_t start, const uint8_t* data, uint32_t length,
                             uint32_t max_ranges) noexcept nogil:
    """Stores the bytes of [start, start + length) that are not here yet; `data` is copied.

    INSERT_NO_MEMORY and INSERT_TOO_MANY leave the ranges as they were. Bytes that are here already stay; those that
    differ are counted in `conflicts`.
    """
    cdef uint64_t end = start + length, position, stop
    cdef uint32_t first, last, index
    cdef bint new = False
    cdef void* grown
    if length == 0:
        return INSERT_DUPLICATE

    # Which ranges does the piece overlap or touch? They are first .. last - 1; none of them: it is a new range.
    first = find(self, start)
    last = first
    while last < self.count and self.ranges[last].start <= end:
        last += 1

    # Everything that can fail comes before the first change.
    if first == last and self.count >= max_ranges:
        return INSERT_TOO_MANY
    if not ensure_pages(self, memory, start, end):
        return INSERT_NO_MEMORY
    if first == last and self.count == self.capacity:
        grown = array_grow(memory, self.ranges, &self.capacity, sizeof(Range))
        if grown == NULL:
            return INSERT_NO_MEMORY
        self.ranges = <Range*>grown

    # Fill the space before each range that is met; compare the bytes inside it and keep the first captured.
    position = start
    for index in range(first, last):
        if self.ranges[index].start > position:
            stop = self.ranges[index].start
            copy_in(self, position, data + (position - start), stop - position, False)
            self.bytes += stop - position
            position = stop
            new = True
        stop = min(self.ranges[index].end, end)
        if stop > position:
            copy_in(self, position, data + (position - start), stop - position, True)
            position = stop
    if position < end:
        copy_in(self, position, data + (position - start), end - position, False)
        self.bytes += end - position
        new = True

    # One range takes the place of all that were met: no two ever touch.
    if first == last:
        memmove(self.ranges + first + 1, self.ranges + first, (self.count - first) * sizeof(Range))
        self.ranges[first].start = start
        self.ranges[first].end = end
        self.count += 1
    else:
        self.ranges[first].start = min(self.ranges[first].start, start)
        self.ranges[first].end = max(self.ranges[last - 1].end, end)
        memmove(self.ranges + first + 1, self.ranges + last, (self.count - last) * sizeof(Range))
        self.count -= last - first - 1
    if CHECKED:
        check(self)
    return INSERT_NEW if new else INSERT_DUPLICATE


cdef Overlap assembler_overlap(Assembler* self, uint64_t start, uint64_t end) noexcept nogil:
    """How much of [start, end), which is not empty, is here already."""
    cdef uint32_t first = find(self, start + 1)     # the first range that ends behind `start`: touching is no overlap
    if first == self.count or self.ranges[first].start >= end:
        return OVERLAP_NONE
    if self.ranges[first].start <= start and end <= self.ranges[first].end:
        return OVERLAP_INSIDE
    return OVERLAP_PARTLY


cdef uint32_t assembler_peek(Assembler* self, uint64_t position, const uint8_t** data) noexcept nogil:
    """Points `data` at the bytes from `position` on that lie in one page; returns how many, 0 if there are none.

    Looks at the first range only. The bytes are the assembler's, good until its next insert, discard or clear.
    """
    cdef uint64_t size
    if self.count == 0 or self.ranges[0].start > position or self.ranges[0].end <= position:
        return 0
    size = min(self.ranges[0].end - position, <uint64_t>PAGE_BYTES - position % PAGE_BYTES)
    data[0] = self.pages[find_page(self, position // PAGE_BYTES)].data + position % PAGE_BYTES
    return <uint32_t>size


cdef void assembler_discard(Assembler* self, Memory* memory, uint64_t below) noexcept nogil:
    """Drops everything below a position; an assembler that is empty afterwards holds no memory."""
    cdef uint32_t index = 0
    # whole ranges
    while index < self.count and self.ranges[index].end <= below:
        self.bytes -= self.ranges[index].end - self.ranges[index].start
        index += 1
    if index == self.count:
        assembler_clear(self, memory)
        return
    if index > 0:
        self.count -= index
        memmove(self.ranges, self.ranges + index, self.count * sizeof(Range))
    # the range that `below` cuts
    if self.ranges[0].start < below:
        self.bytes -= below - self.ranges[0].start
        self.ranges[0].start = below
    # pages that no range needs any more
    index = 0
    while index < self.page_count and (self.pages[index].number + 1) * PAGE_BYTES <= self.ranges[0].start:
        memory_resize(memory, self.pages[index], sizeof(Page), 0)
        index += 1
    if index > 0:
        self.page_count -= index
        memmove(self.pages, self.pages + index, self.page_count * sizeof(Page*))
    if CHECKED:
        check(self)


cdef void assembler_clear(Assembler* self, Memory* memory) noexcept nogil:
    """Gives all memory back. `conflicts` stays: the holder reads and resets it."""
    cdef uint32_t index
    for index in range(self.page_count):
        memory_resize(memory, self.pages[index], sizeof(Page), 0)
    memory_resize(memory, self.pages, self.page_capacity * sizeof(Page*), 0)
    memory_resize(memory, self.ranges, self.capacity * sizeof(Range), 0)
    self.pages = NULL
    self.ranges = NULL
    self.count = self.capacity = self.page_count = self.page_capacity = 0
    self.bytes = 0
