"""The simulated site: what its counters say on the wire adds up to its truth, to the last tenth of a watt-hour."""
import itertools
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.simulate import roof as roofs
from appliance.simulate.roof import INTERVAL, START, Roof, kwh
from appliance.simulate.uploads import stamp

DAY = 86400
NOON = START + 20 * 3600


def dwh(text: str) -> int:
    number = Decimal(text) * 10000
    assert number == int(number)
    return int(number)


def counters(roof: Roof, number: str, times: range) -> dict[str, list[int]]:
    """Per serial, the counter's readings on the wire."""
    found: dict[str, list[int]] = {}
    for time in times:
        for record in roof.records(time):
            if record[0] == number:
                assert record[1] == stamp(time)
                found.setdefault(record[2], []).append(dwh(record[5]))
    return found


def test_the_sum_of_counter_differences_is_the_production():
    roof = Roof(3)
    times = range(START, START + DAY + 1, INTERVAL)
    moved = sum(readings[-1] - readings[0] for readings in counters(roof, "130", times).values())
    assert moved == sum(interval.production for interval in roof.truth(START, START + DAY)) > 100_000


def test_it_still_is_when_inverters_are_replaced_and_counters_reset():
    roof = Roof(3, meters="none")
    old = roof.serials()[2]
    roof.replace(2, NOON, "414050000000009999")
    roof.replace(4, START + 8 * 3600, "414050000000009998")          # in the dark, where no line is sent
    roof.reset(roof.serials()[7], NOON)
    found = counters(roof, "130", range(START, START + DAY + 1, INTERVAL))
    moved = 0
    for readings in found.values():
        steps = [after - before for before, after in itertools.pairwise(readings)]
        moved += sum(step for step in steps if step > 0)
    assert moved == sum(interval.production for interval in roof.truth(START, START + DAY))
    assert found["414050000000009999"][0] == found["414050000000009998"][0] == 0
    assert len(found[old]) + len(found["414050000000009999"]) == len(found[roof.serials()[0]])


def test_the_net_meter_moves_by_consumption_less_production_within_its_resolution():
    roof = Roof(5)
    times = range(START, START + DAY + 1, INTERVAL)
    net = counters(roof, "140", times)[roofs.NET_METER]
    truth = sum(interval.net for interval in roof.truth(START, START + DAY))
    assert abs(net[-1] - net[0] - truth) <= 100
    assert any(after < before for before, after in itertools.pairwise(net))      # runs backwards by day


def test_the_production_meter_reads_zero_unless_it_has_a_transformer():
    idle, live = Roof(5), Roof(5, meters="both")
    assert set(counters(idle, "140", range(START, NOON, INTERVAL))[roofs.PRODUCTION_METER]) == {0}
    readings = counters(live, "140", range(START, START + DAY + 1, INTERVAL))[roofs.PRODUCTION_METER]
    truth = sum(interval.production for interval in live.truth(START, START + DAY))
    assert abs(readings[-1] - readings[0] - truth) <= 100


def test_inverter_lines_stop_in_the_dark_only_without_a_meter():
    midnight = START + 8 * 3600
    assert not [record for record in Roof(1, meters="none").records(midnight) if record[0] == "130"]
    assert len([record for record in Roof(1, meters="none").records(NOON) if record[0] == "130"]) == 12
    assert len([record for record in Roof(1).records(midnight) if record[0] == "130"]) == 12
    assert Roof(1, meters="none").records(midnight)[0][0] == "120"


def test_the_first_line_of_the_morning_has_the_counter_of_the_night():
    roof = Roof(2, meters="none")
    first = next(time for time in range(START + 9 * 3600, NOON, INTERVAL)
                 if any(record[0] == "130" for record in roof.records(time)))
    assert roof.interval(first).production == 0


def test_the_same_seed_gives_the_same_lines_in_any_order_of_asking():
    once, again = Roof(9), Roof(9)
    times = list(range(START, START + 7200, INTERVAL))
    forward = {time: once.records(time) for time in times}
    assert {time: again.records(time) for time in reversed(times)} == forward
    assert Roof(10).records(NOON) != Roof(9).records(NOON)


def test_the_curve_of_a_local_day_adds_up_and_days_of_23_and_25_hours_are_whole():
    for zone, day, slots in (("America/Los_Angeles", date(2026, 5, 3), 288), ("Europe/Berlin", date(2026, 10, 25), 288),
                             ("Europe/Berlin", date(2026, 3, 29), 276)):
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - DAY
        roof = Roof(1, start=start, latitude=50, longitude=10)
        curve = roof.curve(day, zone)
        assert len(curve) == slots
        first = int(datetime.fromtimestamp(start + DAY, UTC).timestamp()) - DAY
        intervals = [roof.interval(time) for time in range(first, first + 3 * DAY, INTERVAL)]
        local = [i for i in intervals
                 if datetime.fromtimestamp(i.end, roofs.ZoneInfo(zone)).date() == day]
        assert curve["23:55"] == (sum(i.production for i in local), sum(i.consumption for i in local))


def test_fewer_decimals_hide_energy_on_the_wire_but_never_invent_any():
    fine, coarse = Roof(1), Roof(1, decimals=3)
    for record, rough in zip(fine.records(NOON), coarse.records(NOON), strict=True):
        if record[0] == "130":
            assert dwh(rough[5]) == dwh(record[5]) // 10 * 10
            assert coarse.counter(rough[2], NOON) == dwh(rough[5])


def test_events_in_the_past_are_refused():
    roof = Roof(1)
    roof.records(NOON)
    with pytest.raises(ValueError, match="plan events first"):
        roof.replace(0, NOON, "x")
    with pytest.raises(ValueError, match="every 300 s"):
        roof.records(NOON + 1)


@given(st.integers(-10**9, 10**9), st.sampled_from([2, 3, 4]))
def test_kwh_text_is_exact_and_short(value, decimals):
    unit = 10 ** (4 - decimals)
    text = kwh(value // unit * unit, decimals)
    assert dwh(text) == value // unit * unit
    assert text == "0" or (not (text.endswith("0") and "." in text) and text != "-0")
