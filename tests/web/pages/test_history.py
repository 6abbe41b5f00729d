"""The history: imported days beside what was measured, in no sum of it."""
import io
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from appliance import settings, store
from appliance.store import inbox
from appliance.supervisor import commands
from tests.web.conftest import NOON, TODAY, FixedClock, Visitor
from tests.web.roof import Roof, fill
from webui.pages import history
from webui.present.energy import Totals

DAYS = b"Date,Produced (kWh)\n2019-05-09,14.5\n2020-06-01,20\n2026-05-08,9999\n"


def send(owner: Visitor, data: bytes) -> str:
    owner.client.post("/history/earlier", data={"csrf_token": owner.token("/history"),
                                                "file": (io.BytesIO(data), "sunpower.csv")})
    return owner.get("/history").text


def carry_out(data_dir: Path, config: Path, clock: FixedClock) -> None:
    with closing(store.connect(data_dir)) as derived, closing(inbox.connect(data_dir)) as received:
        assert commands.run_waiting(commands.Work(derived, received, settings.load(config), config, clock,
                                                  lambda *_: None)) == 1
        assert not derived.execute("SELECT 1 FROM command WHERE length(argument) > ?",
                                   (commands.KEEP_ARGUMENT,)).fetchone()


def test_earlier_years_are_shown_marked_and_in_no_sum(owner: Visitor, guest: Visitor, roof: Path, config: Path,
                                                      clock: FixedClock) -> None:
    before = owner.get("/api/v1/days?from=2019-01-01&to=2020-12-31").json
    assert "Working on it" in send(owner, DAYS)
    carry_out(roof, config, clock)
    shown = owner.get("/history").text
    assert "3 imported days." in shown and "imported 34.5 kWh from sunpower.csv" in shown
    assert "2019: imported 14.5 kWh" in shown and "9,999" not in shown and "9999" not in shown
    month = guest.get("/history?month=2019-05").text
    assert "imported 14.5 kWh" in month and "sunpower.csv" in month and "May 2019" in month
    assert owner.get("/api/v1/days?from=2019-01-01&to=2020-12-31").json == before
    assert "14.5" not in guest.get("/export/days.csv?first=2019-01-01&last=2026-05-09").text
    assert owner.send("/history", "/history/earlier/forget").status_code == 302
    carry_out(roof, config, clock)
    assert "were imported" not in owner.get("/history").text


def test_years_stand_side_by_side_with_what_was_measured_and_imported_apart() -> None:
    days = [Totals(date(2025, 5, 9), 100), Totals(date(2026, 5, 9), 300), Totals(date(2026, 5, 10), 1)]
    side = history.side_by_side(days, [Totals(date(2026, 5, 1), 7), Totals(date(2024, 12, 31), 9)])
    assert side["years"] == [2024, 2025, 2026]
    may, december = side["rows"][4], side["rows"][11]
    assert may["name"] == "May" and [(cell["dwh"], cell["imported"]) for cell in may["cells"]] == [
        (None, None), (100, None), (301, 7)]
    assert december["cells"][0] == {"dwh": None, "imported": 9, "month": "2024-12"}


def test_a_file_that_cannot_be_read_is_told(owner: Visitor, roof: Path) -> None:
    assert "Nothing was imported: it has no line of titles" in send(owner, b"hello")
    assert "Nothing was imported: it is larger" in send(owner, b"x" * 1_000_100)
    owner.send("/history", "/history/earlier")
    assert "Choose a file first." in owner.get("/history").text


def test_today_is_no_best_day_before_it_is_over(guest: Visitor, roof: Path) -> None:
    best = guest.get("/history").text.split('<ol class="best">')[1].split("</ol>")[0]
    assert f'/day/{TODAY - timedelta(days=1)}"' in best and f"/day/{TODAY}" not in best


def test_on_the_first_day_no_day_is_a_best_one(guest: Visitor, data_dir: Path) -> None:
    fill(data_dir, settings.Settings(), Roof().uploads(TODAY, 1, until=NOON), NOON)
    text = guest.get("/history").text
    assert "No day is over yet." in text and '<ol class="best">' not in text
