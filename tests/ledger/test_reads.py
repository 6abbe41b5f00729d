"""What other rooms read of the ledger: slots, sums, samples, the same energies by whatever they are asked for."""
import pytest

from appliance.ledger import reads
from tests.ledger.support import NOON, SECOND, Box, meter, run_of

FIRST = "414050000000001"
DAY = "2026-05-09"


@pytest.fixture
def filled(box: Box) -> Box:
    """Two days of two inverters and a meter."""
    box.lines(*run_of(NOON, 288, 1_000_000, 70), *run_of(NOON, 288, 5_000_000, 30, SECOND),
              *[meter(NOON + 300 * number, 100_000 + 10 * number) for number in range(0, 288, 10)])
    return box


def test_slots_come_day_by_day_in_order_and_both_ends_are_included(filled: Box) -> None:
    days = reads.slot_days(filled.store)
    assert days == [DAY, "2026-05-10"] and reads.slot_days(filled.store, "2026-05-10") == days[1:]
    every = list(reads.site_slots(filled.store))
    assert [slot.time for slot in every] == sorted(slot.time for slot in every)
    assert list(reads.site_slots(filled.store, DAY, DAY)) + list(reads.site_slots(filled.store, days[1])) == every
    assert reads.newest_slot(filled.store, 1e12) == every[-1].time
    assert reads.newest_slot(filled.store, every[0].time - 1) is None


def test_what_devices_made_by_themselves_adds_up_to_the_site(filled: Box) -> None:
    whole = {slot.time: slot.production_dwh for slot in reads.site_slots(filled.store, DAY, DAY)}
    parts = [{slot.time: slot.production_dwh for slot in reads.device_slots(filled.store, [serial], DAY)}
             for serial in (FIRST, SECOND)]
    assert {time: parts[0][time] + parts[1][time] for time in parts[0]} == whole
    assert reads.device_slots(filled.store, ["nobody's"], DAY) == []


def test_totals_of_days_are_those_of_their_slots_for_the_site_and_for_devices(filled: Box) -> None:
    made = sum(slot.production_dwh for slot in reads.site_slots(filled.store, DAY, DAY))
    assert reads.day_totals(filled.store, DAY)[0] == reads.total_before(filled.store, "2026-05-10")[0] == made
    by_device = [reads.day_totals(filled.store, DAY, [serial])[0] for serial in (FIRST, SECOND)]
    assert by_device == [made * 7 // 10, made * 3 // 10]
    assert reads.total_before(filled.store, "2026-05-10", [FIRST, SECOND]) == (made, 0)
    assert reads.day_totals(filled.store, "2025-01-01") == (None, None)
    assert reads.total_before(filled.store, DAY) == (0, 0)


def test_samples_are_the_lines_of_the_day_as_they_were_sent(filled: Box) -> None:
    found = list(reads.samples(filled.store, DAY, [FIRST]))
    assert {(sample.serial, sample.number) for sample in found} == {(FIRST, 130)}
    assert (found[0].time, found[0].power_dw, found[0].fields[4]) == (NOON, 1000, "249.03")
    start, end = reads.day_bounds(filled.store, DAY)
    assert end - start == 86_400 and all(start <= sample.time < end for sample in found)
    assert {sample.number for sample in reads.samples(filled.store, DAY)} == {130, 140}


def test_serials_are_those_of_devices_that_count(filled: Box) -> None:
    assert reads.serials(filled.store) == [("inverter", FIRST), ("inverter", SECOND), ("meter", "PVS5M000001c")]
    assert reads.peak_w(filled.store) == 120


def test_an_empty_history_has_nothing(box: Box) -> None:
    assert (reads.slot_days(box.store), reads.serials(box.store), reads.peak_w(box.store)) == ([], [], None)
