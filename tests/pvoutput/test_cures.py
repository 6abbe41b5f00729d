"""What PVOutput would refuse is not sent that way; what it refuses is learned once, and rows that share the cause share
the cure."""
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from appliance.pvoutput import account, bisect, cures, daylight, outbox, views
from appliance.pvoutput.replies import Kind
from appliance.pvoutput.targets import main_target
from appliance.simulate import sun
from appliance.simulate.pvoutput import PvOutput, System
from tests.pvoutput.support import KEY, NOON, Box, HandClock, midnight, settings_for, sunny_day

DAY = "2026-05-08"
LA = ZoneInfo("America/Los_Angeles")


def night_rows(box: Box, count: int, energy_dwh: int, first: int = 1, others: bool = True) -> None:
    """A whole day whose slots `first` to `first + count` claim `energy_dwh` of production in the dark."""
    slots = sunny_day(DAY) if others else {}
    for at in range(first, first + count):
        slots[midnight(DAY) + at * 300] = (energy_dwh, 250)
    box.put(slots)


def refusals(box: Box) -> list[str]:
    return [request.reply for request in box.server.requests if request.status == 400 and "No st" not in request.reply]


def withheld(box: Box, day: str = DAY) -> dict[str, int]:
    return dict(box.store.execute("SELECT withheld, COUNT(*) FROM outbox WHERE day = ? GROUP BY withheld", (day,)))


def untold(box: Box, *names: str) -> None:
    box.server.site.system.untold = frozenset(names)


def test_a_few_watts_at_night_go_as_energy_without_power_and_nothing_is_refused(box: Box) -> None:
    night_rows(box, 48, 4)
    box.push()
    assert box.states() == {"sent": 288} and not refusals(box)
    assert withheld(box) == {"": 240, "v2:night": 48}
    curve, truth = box.curve(DAY), box.truth(DAY)
    assert {at: row["v1"] for at, row in curve.items()} == {at: row["v1"] for at, row in truth.items()}
    assert "v2" not in curve["03:00"] and curve["12:00"] == truth["12:00"]


@pytest.mark.parametrize("rows", [30, 48, 60])
def test_where_pvoutput_does_not_tell_the_place_one_refusal_teaches_all_of_the_night(box: Box, rows: int) -> None:
    untold(box, "place")
    night_rows(box, rows, 4)
    box.push()
    assert box.states() == {"sent": 288} and len(refusals(box)) == 1
    before = len(refusals(box))
    box.put({time - 86400: value for time, value in sunny_day(DAY).items()} | {
        midnight("2026-05-07") + at * 300: (4, 250) for at in range(1, 48)})
    box.push()
    assert box.states() == {"sent": 2 * 288} and len(refusals(box)) == before


def test_an_account_that_refuses_energy_before_dawn_gets_it_with_the_mornings_first_row(box: Box) -> None:
    box.server.site.system.refuses_dark_energy = True
    night_rows(box, 48, 4)
    box.push()
    assert set(box.states()) == {"sent"} and len(refusals(box)) <= 3
    assert box.curve(DAY)["12:00"] == box.truth(DAY)["12:00"] and "v1" not in box.curve(DAY)["03:00"]


def test_real_power_in_what_pvoutput_takes_for_the_night_costs_a_search_and_loses_no_energy(box: Box) -> None:
    """Its place or zone is wrong there: the dark hours are found once, and hold for the days after."""
    untold(box, "place")
    night_rows(box, 48, 100)        # 120 W until 04:00
    box.push()
    assert set(box.states()) == {"sent"}
    assert len(refusals(box)) <= 2 * bisect.budget(30)
    assert box.curve(DAY)["23:55"]["v1"] == box.truth(DAY)["23:55"]["v1"]
    before = len(refusals(box))
    eve = {time - 86400: value for time, value in sunny_day(DAY).items()}
    box.put(eve | {midnight("2026-05-07") + at * 300: (100, 250) for at in range(1, 48)})
    box.push()
    assert set(box.states()) == {"sent"} and len(refusals(box)) == before


@pytest.mark.parametrize(("first", "count"), [(1, 58), (0, 120), (250, 38)])
def test_many_hours_of_real_power_in_what_pvoutput_takes_for_the_night_share_one_cure(
        box: Box, first: int, count: int) -> None:
    """Its place is half a world away there, and it does not tell: ten hours are dark to it."""
    box.server.site.system.longitude = 180.0 if first < 144 else -60.0
    untold(box, "place")
    night_rows(box, count, 100, first)
    box.push()
    assert set(box.states()) == {"sent"}
    assert len(refusals(box)) <= 2 * (288).bit_length()
    assert box.curve(DAY)["23:55"]["v1"] == box.truth(DAY)["23:55"]["v1"]
    assert box.curve(DAY)["13:00"] == box.truth(DAY)["13:00"] or first < 144


def test_a_counter_that_catches_up_in_one_slot_is_sent_without_that_power(box: Box) -> None:
    slots = sunny_day(DAY)
    late = midnight(DAY) + 150 * 300
    slots[late] = (48_000, 250)
    box.put(slots)
    box.push()
    assert box.states() == {"sent": 288} and not refusals(box) and withheld(box)["v2:size"] == 1
    assert views.too_small(box.store, box.settings) == []
    assert box.curve(DAY)["12:30"]["v1"] == box.truth(DAY)["12:30"]["v1"]


def test_a_size_that_is_too_small_is_said_once_and_a_corrected_one_brings_the_power(box: Box) -> None:
    box.server.site.system.size_w = 1500
    box.put(sunny_day(DAY))
    box.push()
    assert not refusals(box) and set(box.states()) == {"sent"}
    (line,) = views.too_small(box.store, box.settings)
    assert "1500 W" in line and "correct its size there, then press Retry" in line
    box.server.site.system.size_w = 4800
    account.ask_again(box.store, box.settings)
    box.run(3600)
    assert box.curve(DAY) == box.truth(DAY) and views.too_small(box.store, box.settings) == []


def test_where_pvoutput_does_not_tell_the_size_its_refusal_does(box: Box) -> None:
    box.server.site.system.size_w = 1500
    untold(box, "size")
    box.put(sunny_day(DAY))
    box.push()
    assert set(box.states()) == {"sent"} and len(refusals(box)) == 1
    assert views.too_small(box.store, box.settings)


def test_energy_that_came_over_night_waits_for_the_hour_in_which_it_is_believed(box: Box) -> None:
    """The box was off: the hole's energy stands in the morning's first slot, and is more than that hour can have."""
    slots = sunny_day(DAY, first=76)
    slots[midnight(DAY) + 76 * 300] = (110_000, 250)
    box.put(slots, hole=frozenset({midnight(DAY) + 76 * 300}))
    box.push()
    assert not refusals(box) and set(box.states()) == {"sent"}
    curve, truth = box.curve(DAY), box.truth(DAY)
    assert "v1" not in curve["06:20"] and curve["08:00"] == truth["08:00"] and curve["23:55"] == truth["23:55"]


def test_a_meter_that_claims_too_much_costs_a_search_and_its_like_are_set_aside_with_it(box: Box) -> None:
    slots = sunny_day(DAY)
    for at in range(100, 160):
        slots[midnight(DAY) + at * 300] = (slots[midnight(DAY) + at * 300][0], 99_000 + at)
    box.put(slots)
    box.push()
    states = box.states()
    assert states["refused"] >= 60 and len(refusals(box)) <= 2 * bisect.budget(30)
    advice = {row.advice for row in views.refused(box.store)}
    assert any("meter" in line for line in advice)


def test_a_refusal_that_nobody_knows_is_searched_within_a_budget_and_never_again(
        box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    from appliance.simulate import pvoutput_site
    real = pvoutput_site.Site._check

    def check(self: object, row: dict, *arguments: object) -> None:
        if int(row.get("v4", 0)) % 2:
            raise pvoutput_site.Refusal(400, "The stars are not right")
        real(self, row, *arguments)

    monkeypatch.setattr(pvoutput_site.Site, "_check", check)
    box.put({midnight(DAY) + at * 300: (0, 250 + at % 5) for at in range(288)})
    box.push()
    assert len(refusals(box)) <= 10 * (bisect.budget(30) + 2)
    before = len(box.posts())
    box.run(6 * 3600)
    assert len(box.posts()) == before and "waiting" not in box.states()


def test_a_value_that_cannot_be_read_is_left_out_from_then_on(box: Box) -> None:
    rules = cures.Rules(4800)
    (better,) = cures.lessons(rules, Kind.FIELD, "Could not read v5 [x]", 0, LA)
    values = (1, 2, 3, 4, 5000, 6000, *(None,) * 6)
    assert cures.apply({int(NOON): values}, better, LA, 300, False) == {
        int(NOON): ((1, 2, 3, 4, None, 6000, *(None,) * 6), "v5:unread")}
    assert cures.lessons(rules, Kind.FIELD, "Could not read v1 [x]", 0, LA) == []


def test_with_lifetime_counters_energy_is_never_withheld() -> None:
    values = (100_000, 9000, None, None, *(None,) * 8)
    rules = cures.Rules(4800, night=2)
    ((row, words),) = cures.apply({int(NOON): values}, rules, LA, 300, True).values()
    assert row[0] == 100_000 and words == "v2:size"


def test_coordinates_that_cannot_be_right_are_not_believed(tmp_path) -> None:
    """A system in the Pacific time zone whose owner left a place in Europe there keeps its noon."""
    clock = HandClock()
    with PvOutput(HandClock(moment=clock.moment), System(latitude=52.5, longitude=13.4), api_key=KEY) as server:
        box = Box(tmp_path, clock, server, settings_for(server))
        target = main_target(box.settings)
        box.step()
        rules = account.rules(box.store, target)
        evening = midnight(DAY) + 15 * 3600
        assert daylight.elevation(evening, 52.5, 13.4) < cures.DARK_DEGREES
        few = (1, 20, None, None, *(None,) * 8)
        assert cures.apply({evening: few}, rules, LA, 300, False) == {evening: (few, "")}
        assert cures.apply({evening: few}, replace(rules, longitude=-122.3, latitude=-70.0), LA, 300, False)
        box.store.close()


def test_the_owners_retry_forgets_what_was_learned_and_sends_refused_rows_again(box: Box) -> None:
    untold(box, "place")
    night_rows(box, 30, 4)
    box.push()
    assert account.rules(box.store, main_target(box.settings)).night == 1
    account.ask_again(box.store, box.settings)
    outbox.retry_all(box.store)
    assert account.rules(box.store, main_target(box.settings)).night == 0


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_refusal_has_its_advice(kind: Kind) -> None:
    assert cures.ADVICE[kind].endswith(".")


def test_the_sun_stands_where_the_simulated_site_has_it() -> None:
    """Two formulas that were written apart agree to a fraction of a degree."""
    for hour in range(0, 366 * 24, 7):
        moment = midnight("2026-01-01", "UTC") + hour * 3600
        for latitude, longitude in ((37.8, -122.3), (-33.9, 151.2), (52.5, 13.4)):
            assert abs(daylight.elevation(moment, latitude, longitude)
                       - sun.elevation(moment, latitude, longitude)) < 0.6
