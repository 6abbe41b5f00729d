"""Production, net and consumption of the site: signs, sources, meters."""
from dataclasses import replace

from appliance.history import views
from tests.ledger.support import LA, NET, NOON, PRODUCTION, SECOND, household, inverter, meter, run_of, texts, upload


def test_two_supervisors_on_one_wire_are_both_counted_and_told(box):
    box.deliver(upload(run_of(NOON, 5, 1000, 100), NOON + 1500))
    box.deliver(upload(run_of(NOON, 5, 8000, 30, SECOND), NOON + 1501, pvs="ZT160000000441C0002"))
    assert box.total() == 520 and "2 SunPower boxes report on this cable" in texts(box)


def test_consumption_is_production_plus_net_within_the_meters_resolution(box):
    box.lines(*household(288, lambda n: 180 if n < 90 else 0, lambda n: 37 + n % 50))
    used = sum(37 + n % 50 for n in range(1, 288))
    consumption = box.consumption()
    assert abs(sum(consumption.values()) - used) <= 100
    assert min(consumption.values()) >= 0


def test_day_totals_never_run_backwards(box):
    box.lines(*household(288, lambda n: 53, lambda n: 2))
    totals = [slot.day_consumption_dwh for slot in views.day(box.store, "2026-05-09")]
    assert totals == sorted(totals)


def test_a_production_meter_that_reads_zero_is_no_source(box):
    lines = [line for n in range(600) for line in (inverter(NOON + 300 * n, 1000 + 10 * n),
                                                   meter(NOON + 300 * n, 0, PRODUCTION))]
    box.lines(*lines)
    assert box.total() == 5990 and {row.source for row in views.days(box.store)} == {"inverters"}


def test_production_comes_from_the_meter_on_days_that_it_began_alive(box):
    lines = [line for n in range(600) for line in (
        inverter(NOON + 300 * n, 1000 + 10 * n), meter(NOON + 300 * n, 100_100 + 10 * n, PRODUCTION, 4))]
    box.lines(*lines)
    rows = views.days(box.store)
    assert [row.source for row in rows] == ["meter", "meter", "meter"]
    assert sum(row.production_dwh for row in rows) == 5990
    assert "production meter" in texts(box)


def test_a_production_meter_that_falls_silent_gives_back_to_the_inverters(box):
    lines = [inverter(NOON + 300 * n, 1000 + 10 * n) for n in range(900)]
    lines += [meter(NOON + 300 * n, 100_000 + 10 * n, PRODUCTION, 4) for n in range(300)]
    box.lines(*lines)
    assert [row.source for row in views.days(box.store)] == ["meter", "meter", "inverters", "inverters"]


def test_the_owners_source_holds(box):
    box.site = replace(LA, production="meter")
    box.lines(*[line for n in range(20) for line in (inverter(NOON + 300 * n, 1000 + 10 * n),
                                                     meter(NOON + 300 * n, 5000 + 7 * n, PRODUCTION, 4))])
    assert box.total() == 19 * 7


def test_several_net_meters_are_summed(box):
    lines = [line for n in range(4) for line in (
        inverter(NOON + 300 * n, 1000 + 500 * n), meter(NOON + 300 * n, 100 * n, NET),
        meter(NOON + 300 * n, 200 * n, "PVS5M000002c"))]
    box.lines(*lines)
    assert set(box.consumption().values()) == {800}
