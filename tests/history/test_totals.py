"""Energies as counters are made of: wherever the asked day lies, what was before and since is the same sum."""
import pytest

from appliance.history import totals
from tests.ledger.support import NOON, SECOND, Box, household, run_of
from tests.outputs.support import FIRST, House

FIRST_SERIAL = "414050000000001"
DAYS = ["2026-05-09", "2026-05-10", "2026-05-11"]


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """Three local days of two inverters and a meter."""
    box = Box(tmp_path_factory.mktemp("data"))
    box.lines(*household(2 * 288, lambda n: 50, lambda n: 70), *run_of(NOON, 288, 7_000_000, 30, SECOND))
    yield box
    box.close()


def sums(counted: dict[str, totals.Counted]) -> dict[str, int]:
    return {name: one.before_dwh + sum(one.since.values()) for name, one in counted.items()}


@pytest.mark.parametrize("of", [totals.site, totals.inverters])
def test_a_counter_is_the_same_from_whichever_day_it_is_asked(box: Box, of) -> None:
    found = [sums(of(box.store, day)) for day in ("2000-01-01", *DAYS, "2030-01-01")]
    assert all(one == found[0] for one in found) and found[0]


def test_the_sites_counters_are_those_it_has(box: Box) -> None:
    assert list(totals.site(box.store, DAYS[0])) == ["production", "consumption", "import", "export"]
    assert totals.newest_day(box.store) == DAYS[-1]
    made, used = box.store.execute("SELECT sum(production_dwh), sum(consumption_dwh) FROM site_day").fetchone()
    found = sums(totals.site(box.store, DAYS[1]))
    assert found["consumption"] == used and found["production"] == made + 1_000_000 + 7_000_000


def test_an_inverters_counter_is_what_its_own_display_shows(box: Box) -> None:
    newest = dict(box.store.execute(
        "SELECT serial, energy_dwh FROM reading JOIN device ON device = id WHERE number = 130"
        " GROUP BY serial HAVING time = max(time)").fetchall())
    assert sums(totals.inverters(box.store, DAYS[1])) == newest
    assert set(newest) == {FIRST_SERIAL, SECOND}


def test_a_history_of_nothing_has_no_counters(tmp_path) -> None:
    house = House(tmp_path)
    assert (totals.newest_day(house.store), totals.site(house.store, FIRST.isoformat())) == (None, {})
    assert totals.inverters(house.store, FIRST.isoformat()) == {}
