"""Which counter is a PVS's production, and how its production meter and its inverters take turns."""
import pytest

from tests.ledger.support import HOUR, NOON, PRODUCTION, Box, inverter, meter

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
