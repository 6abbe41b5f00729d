"""Finding bad rows: only they are set aside, with the server's words, and with few requests."""
import math
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.pvoutput import bisect, outbox, outbox_rows, views
from appliance.store import connect
from tests.pvoutput.support import NOON, Box, midnight, sunny_day

DAY = "2026-05-08"
TOO_MUCH = 99_000  # 0.1 Wh in five minutes: 118 kW on a roof of 4.8 kW
EXAMPLES = int(os.environ.get("SUNTAP_EXAMPLES", "30"))


def with_bad(box: Box, bad: set[int], first: int = 150, last: int = 180) -> None:
    """Rows `first` to `last` of the day wait; the consumption of `bad` is beyond what PVOutput takes."""
    slots = sunny_day(DAY, first=first, last=last)
    box.put(slots)
    for at in bad:
        box.store.execute("UPDATE slot SET consumption_dwh = 99000 WHERE time = ?", (midnight(DAY) + at * 300,))
    outbox_rows.refresh(box.store, box.settings, [DAY], NOON)


def places(box: Box, bad: set[int]) -> list[str]:
    return [f"{at // 12:02d}:{at % 12 * 5:02d}" for at in sorted(bad)]


@pytest.mark.parametrize("bad", [150, 151, 165, 178, 179])
def test_one_bad_row_among_thirty_costs_three_requests_when_the_server_names_it(box: Box, bad: int) -> None:
    with_bad(box, {bad})
    box.run(60)
    (row,) = views.refused(box.store)
    assert row.time == midnight(DAY) + bad * 300
    assert row.reason == f"Power consumption [{row.v4}] too high"
    assert box.states() == {"sent": 29, "refused": 1}
    assert places(box, {bad})[0] not in box.curve(DAY) and len(box.curve(DAY)) == 29
    assert len(box.posts()) <= 4


@pytest.mark.parametrize("bad", [150, 151, 165, 178, 179])
def test_one_bad_row_among_thirty_costs_a_binary_search_when_nobody_names_it(
        box: Box, bad: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bisect, "BRACKETS", bisect.re.compile(r"never"))
    with_bad(box, {bad})
    box.run(60)
    assert box.states() == {"sent": 29, "refused": 1}
    assert views.refused(box.store)[0].time == midnight(DAY) + bad * 300
    assert len(box.posts()) <= 1 + math.ceil(math.log2(30)) + 2


def test_what_the_owner_tries_again_costs_other_rows_nothing(box: Box) -> None:
    with_bad(box, {150})
    box.run(60)
    for _ in range(bisect.budget(30) + 1):
        outbox.retry_all(box.store)
        box.run(3600)
    with_bad(box, {150, 190}, 150, 210)
    outbox.retry_all(box.store)
    box.run(3600)
    assert box.states() == {"sent": 58, "refused": 2}


def test_a_bad_live_row_holds_up_nothing(box: Box) -> None:
    box.put({int(NOON) - 300: (100, TOO_MUCH), int(NOON): (100, 100), int(NOON) + 300: (100, 100)})
    box.run(900)
    assert box.states() == {"sent": 2, "refused": 1}


def test_many_bad_rows_cost_about_a_request_each(box: Box) -> None:
    bad = set(range(150, 210))
    with_bad(box, bad, first=120, last=240)
    box.push()
    assert box.states() == {"sent": 60, "refused": 60}
    assert len(box.posts()) <= 60 + 40


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(bad=st.sets(st.integers(0, 29)), named=st.booleans())
def test_whatever_rows_are_bad_exactly_they_are_set_aside(tmp_path_factory, bad: set[int], named: bool) -> None:
    """Against a server in one line: a batch is refused when it holds a bad row."""
    store = connect(tmp_path_factory.mktemp("search"))
    waiting, refused, sent, requests = list(range(30)), [], [], 0
    store.executemany("INSERT INTO outbox (time, day, state, attempts, v1) VALUES (?, '', 'waiting', 1, ?)",
                      [(at, at) for at in waiting])
    while waiting:
        suspects = bisect.suspects(store, "")
        if suspects:
            trial = suspects[bisect.next_trial([{"v1": str(at)} for at in suspects], bisect.text(store, ""))]
        else:
            trial = waiting[:bisect.batch_rows(store, "", 30)]
        requests += 1
        worst = next((at for at in trial if at in bad), None)
        if worst is None:
            sent += trial
            waiting = [at for at in waiting if at not in trial]
            left = bisect.narrow(suspects, trial, True) if suspects else []
        else:
            left = bisect.narrow(suspects, trial, False) if suspects else trial
        if not suspects:
            bisect.batch_ended(store, "", len(trial), 30, worst is None)
        if len(left) == 1:
            refused += left
            waiting.remove(left[0])
        bisect.end(store, "")
        if len(left) > 1:
            words = f"value [{worst if worst is not None else left[0]}]" if named else "Moon Powered"
            bisect.begin(store, "", left, words)
    assert sorted(refused) == sorted(bad) and sorted(sent) == sorted(set(range(30)) - bad)
    assert requests <= 1 + len(bad) * 7 + 5
    store.close()


def test_a_row_named_wrongly_is_not_blamed() -> None:
    assert bisect.narrow([1, 2, 3, 4], [3], accepted=True) == []
    assert bisect.narrow([1, 2, 3, 4], [1, 2], accepted=True) == [3, 4]
    assert bisect.narrow([1, 2, 3, 4], [1, 2], accepted=False) == [1, 2]


def test_a_search_goes_on_where_a_kill_ended_it(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bisect, "BRACKETS", bisect.re.compile(r"never"))
    with_bad(box, {170})
    for _ in range(20):
        box.step()
        box.store.close()
        box.store = connect(box.folder)
    assert box.states() == {"sent": 29, "refused": 1}
    assert len(box.posts()) <= 1 + 5 + 2


def test_a_suspect_that_changes_ends_the_search(box: Box) -> None:
    with_bad(box, {170})
    box.step()
    box.step()
    assert len(bisect.suspects(box.store, "")) == 30
    box.put(sunny_day(DAY, first=150, last=180))
    assert bisect.suspects(box.store, "") == []
    box.run(60)
    assert box.states() == {"sent": 30} and box.curve(DAY) == box.truth(DAY)


def test_a_refused_row_is_sent_alone_when_the_owner_tries_again(box: Box) -> None:
    with_bad(box, {170})
    box.run(60)
    time = views.refused(box.store)[0].time
    before = len(box.posts())
    assert outbox.retry(box.store, time)
    box.run(60)
    assert len(box.posts()) == before + 1 and box.states() == {"sent": 29, "refused": 1}


def test_a_refused_row_is_not_sent_again_by_itself(box: Box) -> None:
    with_bad(box, {170})
    box.run(60)
    before = len(box.posts())
    box.run(3 * 3600)
    assert len(box.posts()) == before
