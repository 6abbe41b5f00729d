"""A page in the dress of the reader's country: the same numbers, written as they are at home."""
from datetime import date, datetime
from pathlib import Path

import pytest
from flask import Flask

from tests.web.conftest import ZONE, Visitor
from webui.present import localtime, reader_locale, units
from webui.present.reader_locale import AMERICAN, INTERNATIONAL

AFTERNOON = datetime(2026, 5, 9, 14, 5, tzinfo=ZONE).timestamp()
AT_HOME = {"Accept-Language": "en-US,en;q=0.9"}


@pytest.fixture(autouse=True)
def undressed():
    """Each test begins and ends in the usual dress."""
    reader_locale.wear(INTERNATIONAL)
    yield
    reader_locale.wear(INTERNATIONAL)


@pytest.mark.parametrize(("languages", "worn"), [
    (["en-US", "en"], AMERICAN), (["es-US"], AMERICAN), (["en", "en_US"], AMERICAN),
    (["de-DE", "en-US"], INTERNATIONAL),
    (["en-GB"], INTERNATIONAL), (["en"], INTERNATIONAL), ([], INTERNATIONAL), (["zh-Hant-US"], AMERICAN),
    (["-", "x", "en-US"], AMERICAN)])
def test_the_first_language_with_a_country_decides(languages: list[str], worn: reader_locale.Dress) -> None:
    assert reader_locale.of_languages(languages) is worn


def test_times_and_dates_in_both(app: Flask) -> None:
    day = date(2026, 5, 9)
    shown = [(localtime.clock_time(AFTERNOON, ZONE), localtime.moment(AFTERNOON, ZONE, AFTERNOON + 9 * 86400),
              localtime.long_date(day), localtime.short_date(day))]
    reader_locale.wear(AMERICAN)
    shown.append((localtime.clock_time(AFTERNOON, ZONE), localtime.moment(AFTERNOON, ZONE, AFTERNOON + 9 * 86400),
                  localtime.long_date(day), localtime.short_date(day)))
    assert shown == [("14:05", "Sat 9 May, 14:05", "Saturday, 9 May 2026", "9 May 2026"),
                     ("2:05 PM", "Sat, May 9, 2:05 PM", "Saturday, May 9, 2026", "May 9, 2026")]


@pytest.mark.parametrize(("hour", "text"), [(0, "12 AM"), (1, "1 AM"), (11, "11 AM"), (12, "12 PM"), (13, "1 PM"),
                                            (23, "11 PM")])
def test_noon_and_midnight_are_twelve(hour: int, text: str) -> None:
    reader_locale.wear(AMERICAN)
    assert localtime.hour(datetime(2026, 5, 9, hour, tzinfo=ZONE)) == text


def test_numbers_and_degrees() -> None:
    assert (units.kwh(226_280_000, 0), units.temperature(52.4)) == ("22\u202f628", "52\u202f°C")
    reader_locale.wear(AMERICAN)
    assert (units.kwh(226_280_000, 0), units.temperature(52.4)) == ("22,628", "52\u202f°C (126\u202f°F)")
    assert units.temperature(None) == ""


def test_a_page_wears_what_its_browser_asks_for_and_the_api_never(guest: Visitor, roof: Path) -> None:
    for _ in range(2):      # the hero is rendered once for all browsers of one dress
        assert "Saturday, May 9, 2026" in guest.get("/", headers=AT_HOME).text
        assert "Saturday, 9 May 2026" in guest.get("/").text
        assert " PM" in guest.get("/", headers=AT_HOME).text and " PM" not in guest.get("/").text
    assert guest.get("/live").text != guest.get("/live", headers=AT_HOME).text
    for path in ("/api/v1/now", "/api/v1/days", "/export/days.csv?first=2026-05-07&last=2026-05-09"):
        assert guest.get(path).data == guest.get(path, headers=AT_HOME).data


def test_weeks_begin_on_the_countrys_day(guest: Visitor, roof: Path) -> None:
    def first(**headers: str) -> str:
        return guest.get("/history", headers=headers).text.split('<th scope="col">')[1][:3]
    assert (first(), first(**AT_HOME)) == ("Mon", "Sun")
