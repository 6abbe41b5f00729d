"""Which counter is a PVS's production, and how its production meter and its inverters take turns."""
import pytest

from appliance.ledger.folded import Folded
from appliance.ledger.pvs_production import INVERTERS, METER, Day, Start, judge
from tests.ledger.support import HOUR, NOON, PRODUCTION, PVS, Box, inverter, meter, upload

MORNING = NOON - 6 * HOUR


def made_by(number: int) -> int:
    """The inverter's counter at the quarter `number`: 0.6 kWh each between 06:00 and 18:00."""
    days, quarter = divmod(number, 96)
    return 1_000_000 + 6000 * (48 * days + min(quarter, 48))


def roof(box: Box, stops: float, comes_back: int, days: int = 4) -> int:
    """Days of a roof read every quarter; the meter stands still from the quarter `stops` to `comes_back`. What was made
    behind the first day."""
    lines = []
    for number in range(96 * days):
        at = MORNING + 900 * number
        counter = made_by(number)
        if stops < number < comes_back:
            whole = int(stops)
            counter = made_by(whole) + int((stops - whole) * (made_by(whole + 1) - made_by(whole))) // 100 * 100
        lines += [inverter(at, made_by(number)), meter(at, counter - 500_000, PRODUCTION)]
    box.lines(*lines)
    return made_by(96 * days - 1) - made_by(0)


@pytest.mark.parametrize("stops", [96 + 10, 96 + 10.3, 96 + 10.9])
@pytest.mark.parametrize("comes_back", [2 * 96 - 4, 2 * 96 + 30, 3 * 96 - 10])
def test_a_production_meter_that_stops_between_two_readings_and_catches_up_counts_nothing_twice(
        box, stops, comes_back):
    made = roof(box, stops, comes_back)
    assert abs(box.total() - made) <= 100


NEW_PVS, NEW_PRODUCTION = "ZT170000000441C0777", "PVS5M000777p"


def swapped(silent: int, meters: bool) -> list[object]:
    """Four days read every quarter, an upload each; at noon of the third another PVS comes, after `silent` quarters,
    and has the inverter and a production meter of its own from then on."""
    uploads, swap = [], 2 * 96 + 24
    for number in [*range(swap), *range(swap + silent, 4 * 96)]:
        at, is_new = MORNING + 900 * number, number >= swap
        lines = [inverter(at, made_by(number))]
        if meters:
            lines.append(meter(at, made_by(number) - 500_000, NEW_PRODUCTION if is_new else PRODUCTION))
        uploads.append(upload(lines, at + 30, str(number), pvs=NEW_PVS if is_new else PVS))
    return uploads


@pytest.mark.parametrize("meters", [True, False])
@pytest.mark.parametrize("silent", [0, 6])
def test_a_pvs_that_takes_anothers_place_with_a_meter_of_its_own_counts_nothing_twice(box, silent, meters):
    box.deliver(*swapped(silent, meters))
    assert abs(box.total() - (made_by(4 * 96 - 1) - made_by(0))) <= 100


def test_it_is_the_same_in_any_order_of_arrival(tmp_path):
    boxes = [Box(tmp_path / "one"), Box(tmp_path / "other")]
    uploads = swapped(6, meters=True)
    boxes[0].deliver(*uploads)
    for part in (uploads[200:300], uploads[:200], uploads[300:]):
        boxes[1].deliver(*part)
    assert boxes[0].derived() == boxes[1].derived()
    for box in boxes:
        box.close()


def test_the_day_of_a_pvs_that_no_device_is_of_any_more_is_gone(box):
    """An inverter whose readings were all ahead of the clock is of no PVS yet."""
    def days():
        return box.store.execute("SELECT pvs, day, source FROM roof_day").fetchall()
    ahead = upload([inverter(NOON + 600, 1_000_050), inverter(NOON + 900, 1_000_050)], NOON - 3 * 24 * HOUR, "1")
    box.deliver(ahead, upload([inverter(NOON + 600, 3, "414050000000002")], NOON + 2 * HOUR, "2"))
    assert days() == [("", "2026-05-09", "inverters"), (PVS, "2026-05-09", "inverters")]
    box.deliver(upload([inverter(NOON + 300, 1_000_000)], NOON + HOUR, "3"))
    assert days() == [(PVS, "2026-05-09", "inverters")]


@pytest.mark.parametrize(("first", "last"), [(0, 48), (20, 48), (0, 28), (20, 28)])
@pytest.mark.parametrize(("percent", "source"), [(100, METER), (80, INVERTERS)])
def test_a_meter_is_judged_by_the_hours_of_the_day_that_it_was_read_in(first, last, percent, source):
    steps = [(MORNING + 900 * number, MORNING + 900 * (number + 1), 6000) for number in range(48)]
    counted = [(begin, end, energy * percent // 100) for begin, end, energy in steps[first:last]]
    assert judge([Folded(None, steps)], [Folded(None, counted)], True, Start(), Day(MORNING, 900, 900)) == source
