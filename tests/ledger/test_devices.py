"""Devices while uploads are taken in: each serial once, its newest model, and a bound on how many there can be."""
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.history import views
from appliance.ledger.calendar import EARLIEST
from appliance.ledger.devices import Devices, counting, successions
from appliance.store import transaction
from tests.ledger.support import NET, NOON, PVS, Box, inverter, meter, texts, upload

NUMBERS = count()
TIMES = st.sampled_from([0, EARLIEST - 1, EARLIEST, NOON, NOON + 300, NOON + 600, NOON + 601])
LATEST = NOON + 600


def test_a_flood_of_serial_numbers_stays_bounded_and_is_counted(box, monkeypatch):
    monkeypatch.setattr("appliance.ledger.devices.MAX_DEVICES", 10)
    box.lines(*[inverter(NOON, 1000, f"flood{n}") for n in range(40)])
    assert len(views.devices(box.store)) == 10 and "31 lines of devices more than suntap can count" in texts(box)


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


def test_one_sender_names_no_more_devices_than_its_share(box, monkeypatch):
    monkeypatch.setattr("appliance.ledger.devices.MAX_OF_SENDER", 5)
    box.lines(*[inverter(NOON, 1000, f"flood{number}") for number in range(40)])
    assert len(views.devices(box.store)) == 5 and "lines of devices more than suntap can count" in texts(box)


@pytest.mark.parametrize(("time", "seen"), [
    (EARLIEST - 1, (0, 0)), (EARLIEST, (EARLIEST, EARLIEST)), (NOON, (NOON, NOON)), (NOON + 1, (0, 0))])
def test_a_time_that_cannot_be_is_no_time_at_which_a_device_was_seen(box, time, seen):
    with transaction(box.store):
        devices = Devices(box.store)
        number = devices.find("inverter", "X1", "", time, NOON)
        devices.write()
    assert box.store.execute("SELECT first_seen, last_seen FROM device WHERE id = ?", (number,)).fetchone() == seen


def test_the_devices_that_count_come_in_an_order_of_their_own(box):
    box.lines(meter(NOON, 1), inverter(NOON, 1, "2"), inverter(NOON, 1, "1"), captured=NOON + 300)
    found = [(device.role, device.number) for device in counting(box.store)]
    assert found == [("inverter", 130), ("inverter", 130), ("net", 140)]
    serials = [box.store.execute("SELECT serial FROM device WHERE id = ?", (device.id,)).fetchone()[0]
               for device in counting(box.store)]
    assert serials == ["1", "2", NET]


@pytest.mark.parametrize(("spans", "roofs"), [
    ([("A", 0, 0), ("B", 5000, 90_000)], {"B": "B"}),
    ([("A", 1000, 90_000), ("B", 91_000, 180_000), ("C", 180_100, 200_000)], {"A": "A", "B": "A", "C": "A"}),
    ([("A", 1000, 90_000), ("B", 1100, 180_000)], {"A": "A", "B": "B"}),
    ([("A", 1000, 90_000), ("B", 1100, 180_000), ("C", 95_000, 200_000)], {"A": "A", "B": "B", "C": "A"}),
    ([("A", 1000, 90_000), ("B", 89_000, 180_000)], {"A": "A", "B": "A"}),
])
def test_a_pvs_that_comes_when_another_has_gone_is_on_its_roof(spans, roofs):
    assert successions(spans) == successions(reversed(spans)) == roofs


@pytest.mark.parametrize("turn", [1, -1])
def test_a_serial_number_in_small_letters_is_no_other_device(box, turn):
    uploads = []
    for number in range(12):
        spell = str.lower if number % 3 == 0 else str.upper if number % 3 == 1 else str.title
        time = NOON + 300 * number
        uploads.append(upload([inverter(time, 1_000_000 + 100 * number, spell("E0012A")),
                               meter(time, 500_000 + 100 * number, spell("PVS5M000001c"))], time + 20, pvs=spell(PVS)))
    for one in uploads[::turn]:
        box.deliver(one)
    assert [(device.kind, device.serial) for device in views.devices(box.store)] == [
        ("inverter", "E0012A"), ("meter", "PVS5M000001c"), ("pvs", PVS)]
    assert box.total() == 1100 and sum(filter(None, box.consumption().values())) == 2200


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TIMES, st.sampled_from(["", "C", "D"]), st.sampled_from(["", PVS, PVS[:-1] + "2"])),
                min_size=1, max_size=8))
def test_what_is_known_of_a_device_is_what_all_its_lines_say_whatever_their_order(box, lines):
    """Most lines only say that it is still there, and go a short way: the twin goes none."""
    with transaction(box.store):
        devices, serial = Devices(box.store), f"drawn{next(NUMBERS)}"
        assert len({devices.find("inverter", serial, model, time, LATEST, pvs) for time, model, pvs in lines}) == 1
        devices.write()
    seen = [time for time, _, _ in lines if EARLIEST <= time <= LATEST] or [0]
    of_model = max([(0, ""), *((time, model) for time, model, _ in lines if model and time <= LATEST)])
    of_pvs = max([(0, ""), *((time, pvs) for time, _, pvs in lines if pvs and EARLIEST <= time <= LATEST)])
    assert box.store.execute("SELECT first_seen, last_seen, model_time, model, pvs_time, pvs FROM device"
                             " WHERE serial = ?", (serial,)).fetchone() == (min(seen), max(seen), *of_model, *of_pvs)
