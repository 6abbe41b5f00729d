"""The dashboard's own sentences: true on a quiet day, a past one, and on the day of a replacement."""
import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings
from appliance.health.status import collect
from tests.web.conftest import NOON, TODAY, FixedClock, Visitor
from tests.web.roof import SERIALS, Roof, fill
from webui import data
from webui.present import units
from webui.words import dashboard as words

YESTERDAY = TODAY - timedelta(days=1)


@pytest.mark.parametrize(("judged", "heard", "known", "past", "text"), [
    (0, 12, 12, False, "all 12 heard today"), (0, 12, 12, True, "all 12 heard that day"),
    (0, 0, 12, False, "12 known, none heard today"),
    (0, 0, 12, True, "12 known, none heard that day"), (0, 5, 12, False, "5 of 12 heard today"),
    (1, 12, 12, False, "1 of 12 needs a look"), (2, 11, 12, True, "2 of 12 need a look")])
def test_the_line_about_all_inverters(judged: int, heard: int, known: int, past: bool, text: str) -> None:
    assert words.verdict(judged, heard, known, past) == text


def test_a_day_after_the_last_report_nobody_is_reporting(guest: Visitor, roof: Path, clock: FixedClock) -> None:
    assert "all 16 heard today" in guest.get("/").text
    clock.move(86400)
    assert "16 known, none heard today" in guest.get("/").text and "reporting" not in guest.get("/").text
    assert "all 16 heard that day" in guest.get(f"/day/{TODAY}").text


def test_a_day_in_the_future_has_not_come_yet(guest: Visitor, roof: Path) -> None:
    text = guest.get(f"/day/{TODAY + timedelta(days=1)}").text
    assert "this day has not come yet" in text and "none heard" not in text


def test_a_past_day_has_a_heading_and_is_not_today_in_the_menu(guest: Visitor, roof: Path) -> None:
    today, past = guest.get("/").text, guest.get(f"/day/{YESTERDAY}").text
    assert 'aria-current="page">Today' in today and 'aria-current="page"' not in past
    for text in (today, past):
        assert text.count("<h1") == 1
    assert re.search(r"<h1 id=\"day-title\">Friday, 8 May 2026</h1>", past)


def test_today_is_no_best_day_before_it_is_over(guest: Visitor, data_dir: Path, clock: FixedClock) -> None:
    fill(data_dir, settings.Settings(), Roof().uploads(TODAY, 1, until=NOON), NOON)
    assert "best day" not in guest.get("/live").text
    clock.move(86400)
    assert "best day" in guest.get("/live").text


def test_a_day_that_beats_all_others_says_so(guest: Visitor, data_dir: Path) -> None:
    roof = Roof()
    roof.weak = set()
    early = roof.uploads(TODAY - timedelta(days=1), 1, until=NOON - 86400 - 4 * 3600)
    fill(data_dir, settings.Settings(), early, NOON)
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 1, until=NOON), NOON)
    assert "the best day so far" in guest.get("/live").text


def test_the_energy_of_days_of_silence_makes_no_best_day_of_the_one_on_which_it_came(guest: Visitor,
                                                                                   data_dir: Path) -> None:
    roof = Roof()
    roof.hole = NOON - 3 * 86400, NOON - 7200
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 5, until=NOON), NOON)
    text = guest.get("/live").text
    assert "the best day so far" not in text and "best day" in text


def test_the_energy_of_days_of_silence_is_said_to_be_that_of_all_of_them(guest: Visitor, data_dir: Path) -> None:
    roof = Roof()
    roof.hole = NOON - 3 * 86400, NOON - 7200
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 5, until=NOON), NOON)
    text = guest.get("/", headers={"Accept-Language": "en-US"}).text
    said = re.search(r"(\d+\.\d\d) kWh were made between Wed, May 6, 12:0\d PM and 10:\d\d AM today, while nothing was "
                     "read; they count on the day on which they were read. The hatched part", text)
    assert said and float(said[1]) > 20 and "No readings for" not in text and "shares are rough" in text
    day = guest.get(f"/api/v1/days?from={TODAY}&to={TODAY}").json["days"][0]
    assert float(said[1]) * 10_000 < day["production_dwh"]


def test_a_hole_within_the_day_says_what_it_said(guest: Visitor, data_dir: Path) -> None:
    roof = Roof()
    roof.hole = NOON - 3 * 3600, NOON - 7200
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 1, until=NOON), NOON)
    text = guest.get("/").text
    assert "No readings for 1 h" in text and "were made between" not in text


def test_the_power_right_after_a_gap_comes_with_the_next_reading(guest: Visitor, data_dir: Path,
                                                                 clock: FixedClock) -> None:
    roof = Roof()
    roof.hole = NOON - 3 * 86400, NOON - 580
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 5, until=NOON), NOON)
    text = guest.get("/live").text
    assert "Solar power now" in text and '–<span class="unit"> W</span>' in text
    assert "known with the next reading, in a few minutes" in text and "measured" not in text
    assert 'class="lamp unknown"' in text.split("</h1>")[1].split("</p>")[1] and "now – W" not in text


def test_an_inverter_that_says_nothing_is_called_so_in_the_table_before_it_can_be_judged(
        guest: Visitor, data_dir: Path, clock: FixedClock) -> None:
    roof, early = Roof(), NOON - 6 * 3600 + 1800
    roof.silent = {SERIALS[3]}
    clock.move(early - NOON)
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 2, until=early), early)
    row = re.search(rf"<tr><th scope=\"row\" class=\"mono\">{SERIALS[3]}</th>.*?</tr>", guest.get("/").text, re.S)
    assert row is not None and "not heard" in row[0] and "too early to say" not in row[0]


def test_what_lamps_and_notices_say_is_read_once_for_a_page(owner: Visitor, roof: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr(data, "collect", lambda *given: read.append(1) or collect(*given))
    assert owner.get("/").status_code == 200 and len(read) == 1


def test_before_sunrise_there_is_no_highest_power(guest: Visitor, data_dir: Path, clock: FixedClock) -> None:
    fill(data_dir, settings.Settings(), Roof().uploads(TODAY, 1, until=NOON - 8 * 3600), NOON)
    clock.move(-8 * 3600)
    assert re.search(r"Most power</dt><dd>–</dd>", guest.get(f"/day/{TODAY}/part").text)


def test_on_the_day_of_a_replacement_neither_inverter_is_weak(app: Flask, guest: Visitor, data_dir: Path,
                                                              clock: FixedClock) -> None:
    """The old one stops at noon, the new one begins then; the page says so instead of blaming both."""
    roof = Roof()
    fill(data_dir, settings.Settings(), roof.uploads(TODAY, 2, until=NOON), NOON)
    roof.serials = [*SERIALS[:5], "414050000000099", *SERIALS[6:]]
    roof.counters["414050000000099"] = 0
    evening = NOON + 9 * 3600
    late = (found for found in roof.uploads(TODAY, 1, until=evening) if found.captured_us > NOON * 1e6)
    fill(data_dir, settings.Settings(), late, evening)
    clock.move(9 * 3600)
    for path in ("/", f"/day/{TODAY}"):
        text = guest.get(path).text
        assert "need" not in re.search(r'inverters-title">Inverters</h2><p class="soft">([^<]*)', text)[1]
        assert "…0099 took the place of …0006 on this day." in text and "low" not in text.split("panels")[1][:4000]
    assert "took the place" not in guest.get(f"/day/{YESTERDAY}").text


def test_shares_and_money_are_those_of_the_days_own_totals(guest: Visitor, roof: Path, config: Path) -> None:
    settings.update(config, {"site.buy": "0.2, 2026-05-08 0.5", "site.sell": "0.1"})
    day = guest.get(f"/api/v1/days?from={YESTERDAY}&to={YESTERDAY}").json["days"][0]
    own = day["production_dwh"] - day["export_dwh"]
    text = re.sub(r"<[^>]*>", " ", guest.get(f"/day/{YESTERDAY}/part").text)
    saved = (own * 5 + day["export_dwh"]) / 100_000
    for shown in (f"Self-used {units.percent(own, day['production_dwh'])}",
                  f"Self-sufficient {units.percent(own, day['consumption_dwh'])}", f"Saved {saved:.2f}",
                  f"{day['import_dwh'] * 5 / 100_000:.2f} paid, {day['export_dwh'] / 100_000:.2f} earned"):
        assert shown in " ".join(re.split(r"[ \n]+", text)), shown
    assert "$" not in text and "$" in guest.get(f"/day/{YESTERDAY}/part", headers={"Accept-Language": "en-US"}).text


def test_without_prices_there_is_no_money(guest: Visitor, roof: Path) -> None:
    assert "Saved" not in guest.get("/history").text and guest.get("/history").text.count("Self-used") == 3


def test_a_roof_without_a_meter_has_no_shares(guest: Visitor, data_dir: Path) -> None:
    fill(data_dir, settings.Settings(), Roof(meter=False).uploads(TODAY, 1, until=NOON), NOON)
    assert "Self-used" not in guest.get("/").text and "Self-used" not in guest.get("/history").text


def test_a_page_that_stays_open_over_midnight_loads_itself_anew(guest: Visitor, roof: Path, clock: FixedClock) -> None:
    address = re.search(r'id="now" data-live="([^"]+)"', guest.get("/").text)[1]
    assert address == f"/live?day={TODAY}" and "X-Again" not in guest.get(address).headers
    clock.move(12 * 3600)
    assert guest.get(address).headers["X-Again"] == "1"


def test_the_kiosk_is_the_dashboard_without_its_menu(guest: Visitor, roof: Path) -> None:
    assert '<body class="kiosk">' in guest.get("/?kiosk").text and 'class="kiosk"' not in guest.get("/").text


def test_the_home_screens_manifest_names_what_there_is(guest: Visitor, roof: Path) -> None:
    address = re.search(r'rel="manifest" href="([^"]+)"', guest.get("/").text)[1]
    manifest = guest.get(address).json
    found = [manifest["start_url"], *(entry["url"] for entry in manifest["shortcuts"]),
             *(f"/static/{icon['src']}" for icon in manifest["icons"])]
    assert [guest.get(path).status_code for path in found] == [200] * len(found)
    assert "manifest-src 'self'" in guest.get("/").headers["Content-Security-Policy"]
