"""Any order of arrival, any repeats, batches and restarts give what sorted, single delivery gives.

Held against two others: the same uploads sorted, delivered at once; and the slow twin, which has no ledger in it.
"""
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from appliance import ledger
from appliance.settings import Site
from appliance.store import inbox
from tests.ledger import twin
from tests.ledger.support import NET, NOON, Box, folder, inverter, meter, upload

SERIALS = ("414050000000001", "414050000000002", "414050000000003")
ZONES = ("America/Los_Angeles", "Australia/Lord_Howe", "UTC", "America/St_Johns", "Asia/Kathmandu")
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def counters(draw, both_ways: bool = False):
    """Readings (time, 0.1 Wh) of one device: steps, plateaus, last digits, holes, spikes, restarts,
    a counter that comes to its end."""
    end = draw(st.sampled_from((0, 0, 0, 10**8, 10**9, 2**32, 10 * 2**32)))
    value = end - draw(st.integers(0, 5000)) if end else draw(st.integers(-10**6 if both_ways else 0, 10**6))
    value -= value % 100 if both_ways else 0
    time = NOON + 300 * draw(st.integers(0, 60))
    readings = []
    for kind in draw(st.lists(st.sampled_from("ssssssspphndjrroc"), max_size=24)):
        time += 300
        step = draw(st.integers(-2000 if both_ways else 0, 2000))
        shown = value
        if kind == "h":
            time += 300 * draw(st.integers(1, 200))
            value += step
            shown = value
        elif kind == "d" and not both_ways:
            shown = value - draw(st.integers(1, 150))
        elif kind == "j":
            value += draw(st.integers(200_000, 10**7))
            shown = value
        elif kind == "r":
            value = draw(st.integers(0, 50)) * 100
            shown = value
        elif kind == "o":
            shown = value + draw(st.sampled_from((-10**7, -500, 500, 10**7, 250_000)))
        elif kind == "n":
            continue
        elif kind == "s":
            value += step - step % (100 if both_ways else 1)
            shown = value
        elif kind == "c":   # two lines claim one moment
            other = value + draw(st.sampled_from((-300, 100, 10**6)))
            readings.append((time, other - other % 100 if both_ways else other))
        shown = shown % end if end else shown
        readings.append((time, shown - shown % 100 if both_ways else shown))
    return readings


LATER = st.just(NOON + 40 * 86400)
ANY_CLOCK = st.integers(NOON - 3 * 86400, NOON + 3 * 86400)


@st.composite
def histories(draw, captured=LATER):
    """Devices' readings, and uploads that carry them in some order, some of them more than once; all of them later than
    what they carry, or captured by a clock that may be behind."""
    devices = {serial: draw(counters()) for serial in SERIALS[:draw(st.integers(1, 3))]}
    if draw(st.booleans()):
        devices[NET] = draw(counters(both_ways=True))
    lines = [meter(time, energy) if serial == NET else inverter(time, energy, serial)
             for serial, readings in devices.items() for time, energy in readings]
    lines = draw(st.permutations(lines))
    uploads = []
    while lines:
        size = draw(st.integers(1, 12))
        uploads.append(upload(lines[:size], draw(captured), str(len(uploads))))
        lines = lines[size:]
    repeats = draw(st.lists(st.sampled_from(uploads), max_size=4)) if uploads else []
    again = [upload(draw(st.permutations(_lines(one))), draw(captured), f"again{n}") for n, one in enumerate(repeats)]
    return devices, draw(st.permutations([*uploads, *again])), [*uploads, *again]


def _lines(one):
    return [line.split("\t") for line in one.body.decode().splitlines()[1:-1]]


@SLOW
@given(histories(ANY_CLOCK), st.data(), st.sampled_from(ZONES))
def test_any_order_repeats_batches_and_restarts_give_what_sorted_single_delivery_gives(history, data, zone):
    _, shuffled, sorted_ones = history
    with folder() as one, folder() as other:
        whole, pieces = Box(Path(one), Site(timezone=zone)), Box(Path(other), Site(timezone=zone))
        whole.deliver(*sorted_ones)
        while shuffled:
            size = data.draw(st.integers(1, 6))
            inbox.append(pieces.inbox, shuffled[:size])
            shuffled = shuffled[size:]
            if data.draw(st.booleans()):
                ledger.ingest(pieces.inbox, pieces.store, pieces.site, limit=data.draw(st.integers(1, 4)))
            if data.draw(st.booleans()):
                pieces.reopen()
        ledger.ingest(pieces.inbox, pieces.store, pieces.site)
        assert pieces.derived() == whole.derived()
        whole.close()
        pieces.close()


@SLOW
@given(histories(), st.sampled_from(ZONES))
def test_the_ledger_says_what_the_slow_twin_says(history, zone):
    devices, shuffled, _ = history
    assume(all(twin.tells_order(_decimal(readings), zone) for serial, readings in devices.items() if serial != NET))
    with folder() as one:
        box = Box(Path(one), Site(timezone=zone, net_sign="+"))
        for one in shuffled:
            box.deliver(one)
        # A reading that waits for the next one keeps the slots around it waiting; the twin waits for nothing.
        assume(not box.store.execute("SELECT 1 FROM notice WHERE kind = 'held'").fetchone())
        expected = twin.curve({serial: _decimal(readings) for serial, readings in devices.items() if serial != NET},
                              _decimal(devices.get(NET, [])), zone=zone)
        found = {row[0]: tuple(None if value is None else Decimal(value) / 10_000 for value in row[1:]) for row in
                 box.store.execute("SELECT time, production_dwh, net_dwh, consumption_dwh, day_production_dwh,"
                                   " day_consumption_dwh FROM slot")}
        assert {time: row[:3] for time, row in found.items()} == expected
        assert {time: row[3:] for time, row in found.items()} == twin.running(expected, zone)
        box.close()


def _decimal(readings):
    """As the wire shows them; of two readings of one time the greater one holds."""
    best = {}
    for time, energy in readings:
        best[time] = max(best.get(time, energy), energy)
    return [(time, Decimal(energy) / 10_000) for time, energy in best.items()]


@SLOW
@given(histories(), st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_another_zone_gives_what_it_would_have_given_from_the_start(history, before, after):
    _, shuffled, _ = history
    with folder() as one, folder() as other:
        moved, fresh = Box(Path(one), Site(timezone=before)), Box(Path(other), Site(timezone=after))
        moved.deliver(*shuffled)
        moved.site = Site(timezone=after)
        moved.deliver()
        fresh.deliver(*shuffled)
        assert moved.derived() == fresh.derived()
        moved.close()
        fresh.close()


@SLOW
@given(histories())
def test_a_rebuild_changes_nothing(history):
    _, shuffled, _ = history
    with folder() as one:
        box = Box(Path(one))
        box.deliver(*shuffled)
        before = box.derived()
        box.store.execute("DELETE FROM changed_day")
        assert ledger.rebuild(box.inbox, box.store, box.site).days == ()
        assert box.derived() == before
        box.close()


def test_a_power_beyond_a_households_is_judged_the_same_once_it_is_the_devices_own():
    jumps = [(NOON + 300 * n, energy) for n, energy in enumerate(
        (0, 0, 0, 0, 10**6, 0, 853_335, 853_335, 853_335, 1_706_670))]
    with folder() as one:
        box = Box(Path(one))
        box.deliver(upload([inverter(time, energy, SERIALS[0]) for time, energy in jumps], NOON + 40 * 86400))
        before = box.derived()
        ledger.rebuild(box.inbox, box.store, box.site)
        assert box.derived() == before
