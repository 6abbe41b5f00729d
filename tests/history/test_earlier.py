"""Earlier years: PVOutput's daily outputs and CSVs of days are read exactly, kept apart, and refused in one line."""
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import store
from appliance.history import earlier
from appliance.history.earlier import EarlierDay, EarlierError, parse

TODAY = date(2026, 5, 9)
DAY = date(2019, 5, 9)


@pytest.mark.parametrize("text", [
    "20190509,14220,2.844,0,9100,2000,12:10,Fine,-1,20",
    "20190509,14220,2.844,0,9100,2000,12:10,Fine,-1,20;",
    "Date,Production (kWh),Used (kWh)\n2019-05-09,14.22,9.1\n",
    "\ufeffDate;Production kWh;Used kWh\r\n09.05.2019;14.22;9.1\r\n",
    'Timestamp,"Solar Production (kWh)","Solar Used (kWh)","Solar Sent To Grid (kWh)","Power Used (kWh)"\n'
    '05/09/2019,"14.22",5,9,9.1\n',
    "My system\n\nPeriod,Solar Production (kWh),Energy Used (kWh)\n05/09/2019 - 05/10/2019,14.22,9.1\n"
    "Total,14.22,9.1\n",
    "day,production_wh,consumption_wh,peak_w\n2019-05-09,14220.0,9100.0,4000\n",
    "Peak power (kW),Usage (Wh),Generated (Wh),Day\n3,9100,\"14,220\",20190509\n"])
def test_every_form_gives_the_same_day(text: str) -> None:
    assert parse(text.encode(), TODAY) == [EarlierDay(DAY, 142_200, 91_000)]


def test_a_day_without_energy_used_has_none_and_days_are_in_order() -> None:
    assert parse(b"Date,Produced\n2019-05-10,1\n2019-05-09,0\n\n2019-05-11,\n", TODAY) == [
        EarlierDay(DAY, 0), EarlierDay(date(2019, 5, 10), 10_000)]


def test_slashes_are_american_unless_a_number_above_12_says_otherwise() -> None:
    assert [one.day for one in parse(b"Date,Produced\n05/09/2019,1\n05/10/2019,1\n", TODAY)] == [
        DAY, date(2019, 5, 10)]
    assert [one.day for one in parse(b"Date,Produced\n09/05/2019,1\n13/05/2019,1\n", TODAY)] == [
        DAY, date(2019, 5, 13)]


@pytest.mark.parametrize(("data", "why"), [
    (b"", "no line of titles"), (b"hello", "no line of titles"), (b"\xff\xfe", "no text"),
    (b"Date,Power (kW)\n2019-05-09,1\n", "no line of titles"), (b"Date,Produced\n", "no days"),
    (b"Date,Produced\n2019-05-09,much\n", "line 2: no energy"),
    (b"Date,Produced\n2019-05-09,-1\n", "line 2: no energy"),
    (b"Date,Produced\n2019-15-09,1\n", "line 2: no date"),
    (b"Date,Produced\n2019-05-09,1\n2019-05-09,2\n", "comes twice"),
    (b"Date,Produced\n2026-05-10,1\n", "in the future"), (b"Date,Produced\n1999-05-10,1\n", "before 2000"),
    (b"Date,Produced\n2019-05-09,14220\n", "are these Wh"), (b"20190509,1\nx", "line 2: no daily output"),
    (b"x" * (earlier.MAX_BYTES + 1), "larger than"), (b"x" * (earlier.MAX_LINE + 1), "line of more than")])
def test_what_cannot_be_read_is_told_in_one_line(data: bytes, why: str) -> None:
    with pytest.raises(EarlierError, match=why):
        parse(data, TODAY)


def test_a_file_has_its_bound_of_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier, "MAX_DAYS", 2)
    with pytest.raises(EarlierError, match="more than 2 days"):
        parse(b"20190501,1\n20190502,1\n20190503,1\n", TODAY)


@given(st.dictionaries(st.dates(date(2000, 1, 1), TODAY), st.decimals(0, 9000, places=5), min_size=1, max_size=30))
def test_energies_are_exact(days: dict[date, Decimal]) -> None:
    text = "Date,Produced (kWh)\n" + "".join(f"{day},{made:f}\n" for day, made in days.items())
    assert {one.day: one.production_dwh for one in parse(text.encode(), TODAY)} == {
        day: int((made * 10_000).to_integral_value(ROUND_HALF_UP)) for day, made in days.items()}


@given(st.binary(max_size=300) | st.text("date,producd\n;0123456789-/.", max_size=200).map(str.encode))
def test_no_file_breaks_it(data: bytes) -> None:
    try:
        assert parse(data, TODAY)
    except EarlierError as error:
        assert "\n" not in str(error)


def test_days_are_replaced_hidden_by_measured_ones_and_forgotten(tmp_path: Path) -> None:
    conn = store.connect(tmp_path)
    later = date(2019, 5, 10)
    assert earlier.keep(conn, [EarlierDay(DAY, 1), EarlierDay(later, 2, 3)], "a\x00" + "b" * 99) == 2
    assert earlier.keep(conn, [EarlierDay(DAY, 5)], "pvoutput") == 2
    assert earlier.days(conn) == [EarlierDay(DAY, 5, None, "pvoutput"), EarlierDay(later, 2, 3, "a" + "b" * 59)]
    assert earlier.sources(conn) == ["a" + "b" * 59, "pvoutput"]
    conn.execute("INSERT INTO site_day (day, production_dwh, slots, holes, source, net_active, balance_dwh,"
                 " against_plus_dwh, against_minus_dwh) VALUES ('2019-05-10', 7, 1, 0, 'inverters', 0, 0, 0, 0)")
    assert [one.day for one in earlier.days(conn)] == [DAY] and earlier.days(conn, "2019-05-10") == []
    assert earlier.sources(conn) == ["pvoutput"]
    assert earlier.forget(conn) == 2 and earlier.days(conn) == []
    conn.close()
