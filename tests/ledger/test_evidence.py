"""What the ledger tells of its own tables, on a box that took a few lines in."""
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger import evidence
from appliance.ledger.calendar import EARLIEST
from tests.ledger.support import HOUR, NOON, SECOND, Box, inverter, meter, run_of, upload


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    yield box
    box.close()


def test_an_empty_box_has_nothing_to_tell(box: Box) -> None:
    assert evidence.noted(box.store) == [] and evidence.newest_day(box.store) == ""
    assert evidence.out_of_time(box.store) == 0 and evidence.heard_together(box.store, HOUR) == []
    assert evidence.evidence(box.store) == evidence.Evidence(0, 0, False, False)


def test_what_happened_to_a_counter_is_told_with_its_device_and_from_a_day_on(box: Box) -> None:
    box.lines(*run_of(NOON, 3, 50_000, 100), *run_of(NOON + 900, 5, 200, 100))
    (one,) = evidence.noted(box.store)
    assert (one.kind, one.time, one.before_dwh, one.after_dwh) == ("restart", NOON + 900, 50_200, 200)
    assert (one.device, one.serial) == ("inverter", "414050000000001")
    assert evidence.newest_day(box.store) == "2026-05-09"
    assert evidence.noted(box.store, "2026-05-10") == []


def test_readings_before_any_supervisor_or_in_the_future_are_counted_as_out_of_time(box: Box) -> None:
    box.lines(*run_of(NOON, 3, 1000, 100), inverter(EARLIEST - 300, 5), inverter(NOON + 90 * 86400, 7, SECOND),
              captured=NOON + HOUR)
    assert evidence.out_of_time(box.store) == 2


def test_boxes_that_are_heard_at_the_same_time_are_told_and_one_of_long_ago_is_not(box: Box) -> None:
    for pvs, time in (("ZT3", NOON - 9 * 86400), ("ZT1", NOON), ("ZT2", NOON + HOUR)):
        status = ["120", *inverter(time, 0)[1:2], pvs, "0", "0", "0", "31", "0", "2571", "0.00", "8180", "4568"]
        box.deliver(upload([status], time + 60, pvs=pvs))
    assert evidence.heard_together(box.store, 86400) == ["ZT1", "ZT2"]


def test_a_net_meter_is_seen_in_the_evidence(box: Box) -> None:
    box.lines(*run_of(NOON, 4, 1000, 500), *(meter(NOON + 300 * n, 90_000 - 300 * n) for n in range(4)))
    seen = evidence.evidence(box.store)
    assert seen.has_net_meter and not seen.has_production_meter
