"""Lines that are unknown, broken, hostile or odd."""
import pytest

from appliance.history import views
from appliance.store import inbox
from tests.ledger.support import NOON, Box, inverter, meter, stamp, texts, upload


def test_unknown_numbers_are_kept_and_shown(box):
    odd = [["132", stamp(NOON), "X1", "a", "b"], ["132", stamp(NOON), "X1", "a", "c"], ["170", "no time"]]
    box.lines(*odd, inverter(NOON, 1), captured=NOON + 300)
    kept = [(row.number, row.serial, row.fields) for row in views.readings(box.store, NOON, NOON + 1)
            if row.kind == "other"]
    assert sorted(kept) == [(132, "X1", "a\tb"), (132, "X1", "a\tc")]
    assert "132, 170" in texts(box)


def test_a_line_that_is_too_short_costs_that_line_and_is_counted(box):
    box.lines(inverter(NOON, 1000), ["130", stamp(NOON + 300), "414050000000001"], inverter(NOON + 300, 1100))
    assert box.total() == 100 and "1 line could not be read and was left out" in texts(box)


def test_bytes_that_are_not_utf8_and_control_characters_survive(box):
    line = inverter(NOON, 1000, "S\x00\x1b[31m\udcff")
    line[3] = "MÖD\udc80"
    box.lines(line, inverter(NOON + 300, 1100, "S\x00\x1b[31m\udcff"))
    (device,) = (device for device in views.devices(box.store) if device.kind == "inverter")
    assert device.serial == "S\x00\x1b[31m\\udcff" and device.model == "AC_Module_Type_C" and box.total() == 100


def test_sets_of_one_moment_are_readings_of_their_own(box):
    box.lines(*[["131", stamp(NOON), "830000001", "FRONIUS", str(part), "1", "2"] for part in (1, 2)])
    assert [row.part for row in views.readings(box.store, NOON, NOON + 1)] == [1, 2]


def test_a_flood_of_serial_numbers_stays_bounded_and_is_counted(box, monkeypatch):
    monkeypatch.setattr("appliance.ledger.devices.MAX_DEVICES", 10)
    box.lines(*[inverter(NOON, 1000, f"flood{n}") for n in range(40)])
    assert len(views.devices(box.store)) == 10 and "31 lines of devices beyond the limit" in texts(box)


def test_numbers_too_large_for_the_database_are_no_numbers(box):
    box.lines(inverter(NOON, "99999999999999999999"), inverter(NOON + 300, 1000, power="9" * 400),
              inverter(NOON + 600, 1100))
    assert box.total() == 100


def test_a_damaged_upload_costs_itself_only(box):
    box.lines(inverter(NOON, 1000))
    box.lines(inverter(NOON + 300, 1100))
    inbox.append(box.inbox, [upload([inverter(NOON + 600, 1200)], NOON + 900)])
    box.inbox.execute("UPDATE upload SET body = x'00ff' WHERE id = 3")
    box.lines(inverter(NOON + 900, 1300))
    assert box.total() == 300 and "1 upload was damaged" in texts(box)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_devices_model_is_that_of_its_newest_record(box, order):
    lines = []
    for number, model in enumerate(("AC_Module_Type_C", "AC_Module_Type_D", "AC_Module_Type_E")):
        line = inverter(NOON + 300 * number, 1000)
        line[3] = model
        lines.append(line)
    for number in order:
        box.lines(lines[number], captured=NOON + 3600)
    (device,) = (device for device in views.devices(box.store) if device.kind == "inverter")
    assert (device.model, device.first_seen, device.last_seen) == ("AC_Module_Type_E", NOON, NOON + 600)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_meter_whose_model_tells_its_role_late_is_counted_in_that_role_from_the_start(quick_path, order):
    """Its lines without a model look like a net meter's."""
    box = Box(quick_path)
    lines = [[inverter(NOON + 300 * n, 1000 + 50 * n), meter(NOON + 300 * n, 7000 + 100 * n, "M1")] for n in range(4)]
    for pair, model in zip(lines, ("", "", "PVS5M0400p", "PVS5M0400p"), strict=True):
        pair[1][3] = model
    halves = [lines[0] + lines[1], lines[2] + lines[3]]
    for half in order:
        box.lines(*halves[half], captured=NOON + 3600)
    assert set(box.consumption().values()) == {None} and box.total() == 150
    box.close()
