"""What page, API, status and export read, for a household that the simulated roof made."""
from datetime import date

import pytest

from appliance.health import notices
from appliance.history import views
from appliance.settings import Site
from appliance.simulate.roof import PVS_SERIAL, START, Roof
from tests.ledger.support import Box, folder, upload

LAST = START + 3 * 86400
SERIAL = "414050000000000001"


@pytest.fixture(scope="module")
def roof():
    return Roof(seed=3, inverters=3)


@pytest.fixture(scope="module")
def box(roof):
    from pathlib import Path
    with folder() as name:
        box = Box(Path(name), Site(net_sign="+"))
        times = range(START, LAST + 1, 300)
        box.deliver(*[upload(roof.records(time, backlog=time % 1000), time + 400, str(time)) for time in times])
        yield box
        box.close()


def test_a_fresh_database_has_nothing_to_show(tmp_path):
    conn = Box(tmp_path).store
    assert views.latest(conn) == views.Latest(None, None, None, None, None, None, None, "", "", None, None)
    assert views.days(conn) == views.devices(conn) == views.day(conn, "2026-05-02") == notices.collect(conn) == []
    assert views.lifetime(conn) == views.Lifetime(None, None, None, None, None, None, 0)
    assert list(views.readings(conn, 0, 1 << 40)) == [] and views.backlog(conn, 0, 1 << 40) == []


def test_a_day_has_the_truths_curve(box, roof):
    slots = views.day(box.store, "2026-05-02")
    truth = roof.curve(date(2026, 5, 2), "America/Los_Angeles")
    assert [slot.day_production_dwh for slot in slots] == [production for production, _ in truth.values()]
    assert all(abs((slot.day_consumption_dwh or 0) - consumption) <= 200
               for slot, (_, consumption) in zip(slots, truth.values(), strict=True))


def test_days_are_the_sums_of_their_slots(box):
    found = views.days(box.store)
    assert [row.day for row in found] == ["2026-04-30", "2026-05-01", "2026-05-02", "2026-05-03"]
    for row in found:
        slots = views.day(box.store, row.day)
        assert (row.production_dwh, row.slots, row.holes) == (sum(slot.production_dwh for slot in slots), len(slots), 0)
        assert row.peak_w == max(slot.production_w for slot in slots)
        assert row.import_dwh - row.export_dwh == sum(slot.net_dwh for slot in slots)


def test_a_range_of_days_includes_both_ends(box):
    assert [row.day for row in views.days(box.store, "2026-05-01", "2026-05-02")] == ["2026-05-01", "2026-05-02"]
    assert {row.time for row in views.slots(box.store, "2026-05-01", "2026-05-01")} == {
        row.time for row in views.day(box.store, "2026-05-01")}


def test_lifetime_is_the_sum_of_all_days(box, roof):
    found = views.lifetime(box.store)
    assert found.production_dwh == sum(interval.production for interval in roof.truth(START, LAST))
    assert (found.first_day, found.last_day, found.days) == ("2026-04-30", "2026-05-03", 4)


def test_the_latest_is_the_newest_of_everything(box):
    found = views.latest(box.store)
    assert (found.time, found.pvs_serial, found.heartbeat) == (LAST, PVS_SERIAL, LAST + 400)
    assert (found.day, found.untransmitted) == ("2026-05-03", LAST % 1000)
    assert found.pvs_firmware == "2016.9 Build 10102619" and found.production_dw >= 0


def test_devices_know_their_counter_and_their_day(box, roof):
    found = {device.serial: device for device in views.devices(box.store, "2026-05-02")}
    device = found[SERIAL]
    assert device.counter_dwh == roof.counter(SERIAL, LAST)
    assert device.day_dwh == sum(
        step.energy_dwh for step in views.device_steps(box.store, [device.id], "2026-05-02")[device.id])
    assert [found[name].kind for name in (PVS_SERIAL, "PVS5M000001c")] == ["pvs", "meter"]


def test_a_devices_day_is_the_differences_of_its_counter(box, roof):
    device = next(device for device in views.devices(box.store) if device.serial == SERIAL)
    for step in views.device_steps(box.store, [device.id], "2026-05-01")[device.id]:
        assert step.energy_dwh == roof.counter(SERIAL, step.time) - roof.counter(SERIAL, step.time - step.seconds)
    assert views.device_steps(box.store, [device.id, 999], "2020-01-01") == {device.id: []}


def test_readings_come_in_order_of_time(box, roof):
    found = list(views.readings(box.store, START, START + 3600))
    assert [row.time for row in found] == sorted(row.time for row in found)
    lines = sum(len(roof.records(time)) for time in range(START, START + 3600, 300))
    assert len(found) == lines


def test_the_backlog_over_time(box):
    assert views.backlog(box.store, START, START + 601) == [
        (time, PVS_SERIAL, time % 1000) for time in (START, START + 300, START + 600)]


def test_the_last_uploads_come_newest_first(box):
    (first, newest), (second, _) = views.last_uploads(box.inbox, 2)
    assert first == second + 1 and newest.captured_us == (LAST + 400) * 1_000_000


def test_every_view_reads_by_an_index(box):
    """No view scans readings or slots of other days: what SQLite plans must name a key."""
    plans = []
    box.store.set_trace_callback(plans.append)
    views.latest(box.store), views.day(box.store, "2026-05-02"), views.devices(box.store)
    views.device_steps(box.store, [2], "2026-05-02"), views.backlog(box.store, START, START + 600)
    list(views.readings(box.store, START, START + 600))
    box.store.set_trace_callback(None)
    assert plans
    for statement in plans:
        details = [row[3] for row in box.store.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert not [text for text in details if text.startswith(("SCAN reading", "SCAN slot"))
                    and "USING" not in text], statement
