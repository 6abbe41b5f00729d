"""Floods cut short: the same as tests/bench/floods.py runs in full, large enough to overrun every bound."""
import pytest

from tests.bench.floods import LIMIT_MIB, flood


@pytest.mark.parametrize("name, size, reached", [
    ("half_open", 60_000, "embryonic_evicted"), ("half_uploads", 8_000, "memory_evicted"),
    ("first_fragments", 60_000, "datagrams_evicted"), ("endless_holes", 60_000, "memory_evicted"),
    ("tiny_holes", 60_000, "memory_evicted"), ("gigabyte", 2_000, "holes_by_queue"),
    ("tiny_lines", 1, "uploads_complete"),
])
@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_memory_stays_small_and_the_upload_in_the_middle_is_found(name, size, reached, options):
    result = flood(name, size, *options)
    assert result.found
    assert result.peak_mib < LIMIT_MIB
    assert result.counters[reached] > 0
