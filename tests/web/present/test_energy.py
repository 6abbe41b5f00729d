"""What may be called now, which inverter needs a look, and sums that keep what is unknown apart from zero."""
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings
from tests.web.conftest import NOON, TODAY, ZONE, FixedClock
from tests.web.roof import SERIALS, Roof, fill
from webui.data import Box
from webui.present import energy
from webui.present.energy import Totals


@pytest.fixture
def box(app: Flask):
    """The box, inside a request."""
    with app.test_request_context("/"):
        yield app.extensions["suntap"]


def at(hour: int, minute: int = 3) -> float:
    return datetime(2026, 5, 9, hour, minute, tzinfo=ZONE).timestamp()


def lit(data_dir: Path, clock: FixedClock, until: float, now: float, roof: Roof | None = None) -> None:
    """The roof's day up to `until`, looked at at `now`."""
    fill(data_dir, settings.Settings(), (roof or Roof()).uploads(TODAY, 1, until=until), until)
    clock.move(now - clock.time())


@pytest.mark.parametrize("meter", [True, False])
@pytest.mark.parametrize(("until", "now", "state"), [
    (at(12), at(12), "live"), (at(12), at(12, 15), "live"), (at(12), at(12, 40), "old"), (at(12), at(20), "old"),
    (at(22), at(22), "asleep"), (at(22), at(23), "old"), (at(5), at(5), "asleep")])
def test_state_of_now(box: Box, data_dir: Path, clock: FixedClock, until: float, now: float, state: str,
                      meter: bool) -> None:
    lit(data_dir, clock, until, now, Roof(meter=meter))
    if not meter and until == at(5):
        assert energy.now(box).state == "none"  # the first dawn: nothing was ever measured
    else:
        assert energy.now(box).state == state


def test_the_age_is_the_readings_not_the_slots(box: Box, data_dir: Path, clock: FixedClock) -> None:
    lit(data_dir, clock, at(12), at(12))
    found = energy.now(box)
    assert found.time == at(11, 55) and found.age_s == 8 * 60


def test_inverters_silent_at_full_sun_are_not_asleep(box: Box, data_dir: Path, clock: FixedClock) -> None:
    roof = Roof()
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 1, until=at(12)), at(12))
    roof.serials = []
    late = [found for found in roof.uploads(TODAY, 1, until=at(14)) if found.captured_us > at(12) * 1e6]
    fill(data_dir, settings.Settings(), iter(late), at(14))
    clock.move(at(14) - clock.time())
    found = energy.now(box)
    assert found.state == "old" and found.heard_age_s is not None and found.heard_age_s < 600


def test_inverters_that_are_silent_when_there_was_sun_the_day_before_are_not_asleep(box: Box, data_dir: Path,
                                                                                    clock: FixedClock) -> None:
    """After a night, and while a PVS sends what it kept: its newest reading is of the evening before."""
    roof = Roof()
    fill(data_dir, settings.Settings(), roof.uploads(TODAY - timedelta(days=1), 1), at(0))
    roof.serials = []
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 1, until=at(14)), at(14))
    for now, state in ((at(4), "asleep"), (at(14), "old")):
        clock.move(now - clock.time())
        assert energy.now(box).state == state


def test_nothing_measured_is_none_and_not_zero(box: Box) -> None:
    assert energy.now(box) == energy.Now("none")
    assert energy.lifetime_dwh(box) is None
    assert energy.span(box) is None
    assert energy.inverters(box, TODAY) == []


def test_a_dead_a_weak_and_a_silent_inverter_are_told_apart(box: Box, data_dir: Path, clock: FixedClock) -> None:
    roof = Roof()
    roof.dead, roof.weak, roof.silent = {SERIALS[1]}, {SERIALS[2]}, {SERIALS[3]}
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 2, until=NOON), NOON)
    verdicts = {inverter.serial: inverter.verdict for inverter in energy.inverters(box, TODAY)}
    assert [verdicts.pop(serial) for serial in SERIALS[1:4]] == ["dead", "weak", "gone"]
    assert set(verdicts.values()) == {"ok"}


def test_at_dawn_no_inverter_is_judged(box: Box, data_dir: Path, clock: FixedClock) -> None:
    roof = Roof()
    roof.dead = {SERIALS[1]}
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 1, until=at(6, 40)), NOON)
    assert {inverter.verdict for inverter in energy.inverters(box, TODAY)} == {"quiet"}


def test_an_inverter_that_left_the_roof_weeks_ago_is_not_missed(box: Box, data_dir: Path, clock: FixedClock) -> None:
    roof = Roof()
    fill(data_dir, settings.Settings(), roof.uploads(date(2026, 4, 20), 1), NOON)
    roof.serials = SERIALS[1:]
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 1, until=NOON), NOON)
    assert [inverter.serial for inverter in energy.inverters(box, TODAY)] == SERIALS[1:]


def test_an_inverter_whose_place_another_took_needs_no_look(box: Box, data_dir: Path, clock: FixedClock) -> None:
    roof = Roof()
    fill(data_dir, settings.Settings(), roof.uploads(date(2026, 5, 7), 1), NOON)
    roof.serials, roof.counters["414050000099999"] = [*SERIALS[2:], "414050000099999"], 0
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 2, until=NOON), NOON)
    verdicts = {inverter.serial: inverter.verdict for inverter in energy.inverters(box, TODAY)}
    assert sorted(verdicts[serial] for serial in SERIALS[:2]) == ["gone", "replaced"]
    assert {verdict for serial, verdict in verdicts.items() if serial not in SERIALS[:2]} == {"ok"}


def test_inverters_add_up_to_the_site(box: Box, roof: Path) -> None:
    found = energy.inverters(box, TODAY)
    assert sum(inverter.energy_dwh or 0 for inverter in found) == energy.days(box, TODAY, TODAY)[TODAY].production_dwh
    assert energy.lifetime_dwh(box) == sum(inverter.counter_dwh or 0 for inverter in found)


@pytest.mark.parametrize("serial", [SERIALS[0], "414050000099999"], ids=["restarted", "replaced"])
def test_the_lifetime_never_falls_when_a_counter_starts_again(box: Box, data_dir: Path, clock: FixedClock,
                                                              serial: str) -> None:
    roof, found = Roof(), []
    fill(data_dir, settings.Settings(), roof.uploads(date(2026, 5, 8), 1), NOON)
    yesterday = energy.lifetime_dwh(box)
    roof.serials, roof.counters[serial] = [*SERIALS[1:], serial], 0
    for upload in roof.uploads(TODAY, 1, until=NOON):
        fill(data_dir, settings.Settings(), iter([upload]), NOON)
        found.append(energy.lifetime_dwh(box) or 0)
    assert found == sorted(found) and yesterday is not None
    made = energy.days(box, TODAY, TODAY)[TODAY].production_dwh or 0
    assert found[0] >= yesterday and 0 <= found[-1] - yesterday - made < 5000  # the newcomer's first count is before us


def test_months_and_years_are_sums_of_days(box: Box, data_dir: Path) -> None:
    fill(data_dir, settings.Settings(), Roof().uploads(date(2026, 1, 2), 4), 2e9)
    days = energy.days(box, date(2025, 1, 1), date(2026, 12, 31))
    assert len(days) == 4
    assert energy.total(list(days.values())) == energy.total(list(energy.years(box).values()))
    assert energy.months(box, 2025)[12] == energy.total([days[date(2025, 12, 30)], days[date(2025, 12, 31)]])
    assert energy.best_days(box, 2)[0].production_dwh == max(day.production_dwh or 0 for day in days.values())


def test_a_sum_of_unknowns_is_unknown() -> None:
    parts = [Totals(date(2026, 1, 1), 5, None), Totals(date(2026, 1, 2), None, None)]
    assert energy.total(parts) == Totals(date(2026, 1, 1), 5, None)


def test_what_came_at_once_after_hours_is_not_the_power_now(box: Box, data_dir: Path, clock: FixedClock) -> None:
    lit(data_dir, clock, at(9), at(9))
    late = [found for found in Roof().uploads(TODAY, 1, until=at(13)) if found.captured_us > at(12, 57) * 1e6]
    fill(data_dir, settings.Settings(), iter(late[:1]), at(13))
    clock.move(at(13) - clock.time())
    found = energy.now(box)
    assert found.state == "live" and found.production_w is None and found.net_w is None
