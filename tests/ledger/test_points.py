"""The readings of one counter, from the store, beside a plain query."""
import random

import pytest

from appliance.ledger.devices import counting
from appliance.ledger.points import between, first_between
from tests.ledger.support import NET, NOON, SECOND, inverter, meter

ENDS = [NOON - 1, NOON, NOON + 150, NOON + 300, NOON + 3000, NOON + 11_700, NOON + 12_000]


@pytest.fixture
def read(box):
    """A box with two inverters read at the same times, one of them with a counter that is no number at times, and a
    meter read at others."""
    lines = [inverter(NOON + 300 * number, 1000 + number) for number in range(40)]
    lines += [inverter(NOON + 300 * number, 2000 + number if number % 7 else "?", SECOND) for number in range(40)]
    lines += [meter(NOON + 900 * number, 100 * number) for number in range(13)]
    random.Random(1).shuffle(lines)
    box.lines(*lines, captured=NOON + 12_000)
    return box


@pytest.mark.parametrize("first", ENDS)
@pytest.mark.parametrize("last", ENDS)
def test_those_from_the_first_time_to_the_last_are_read_both_included(read, first, last):
    devices = counting(read.store)
    assert len(devices) == 3
    for device in devices:
        plain = [(time, counter) for time, counter in read.store.execute(
            "SELECT time, energy_dwh FROM reading WHERE device = ? ORDER BY time", (device.id,))
            if counter is not None and first <= time <= last]
        assert list(between(read.store, device, first, last)) == plain
        assert first_between(read.store, device, first, last) == (plain[0] if plain else None)


def test_a_record_of_another_number_is_no_counter(box):
    extra = ["141", *meter(NOON, 100)[1:4], "1", "2.5", "2.5", "120.1", "120.2", "0.3", "0.3", "6.693"]
    box.lines(meter(NOON, 100), extra, meter(NOON + 300, 200))
    (net,) = counting(box.store)
    assert box.store.execute("SELECT count(*) FROM reading").fetchone() == (3,)
    assert list(between(box.store, net, NOON, NOON + 300)) == [(NOON, 100), (NOON + 300, 200)]
    assert NET in {serial for (serial,) in box.store.execute("SELECT serial FROM device")}
