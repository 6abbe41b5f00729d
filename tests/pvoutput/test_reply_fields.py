"""PVOutput's answers as accounts really have them: each field by itself, and nothing that breaks a parser."""
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pvoutput.reply_fields import batch_answers, parse_history, parse_outputs, parse_system
from appliance.simulate.pvoutput_services import getsystem
from appliance.simulate.pvoutput_site import Site, System

HEAD = "{name},{size},94501,16,300,Brand,16,300,M,S,20.0,No,20160301,37.8,-122.3,5"
EMPTY = ("size", "postcode", "panels", "brand", "inverters", "orientation", "tilt", "shade", "install", "place",
         "interval", "zone")


def told(system: System) -> tuple:
    found = parse_system(getsystem(Site(system), {"tz": "1", "donations": "1"}, 0.0))
    assert found is not None
    return found


def test_a_batch_reply_cut_anywhere_confirms_only_whole_rows() -> None:
    whole = "20210228,16:00,1;20210228,16:05,0;20210228,16:10,1"
    complete = {("20210228", "16:00"): True, ("20210228", "16:05"): False, ("20210228", "16:10"): True}
    assert batch_answers(whole) == complete
    for end in range(len(whole)):
        answers = batch_answers(whole[:end])
        assert answers is not None and answers.items() <= complete.items()


def test_a_batch_reply_without_rows_speaks_of_the_whole_batch() -> None:
    assert batch_answers("OK 200: Added Status") is None


def test_getsystem_tells_size_interval_zone_and_plan() -> None:
    first = "Roof,4800,94501,16,300,B,16,300,M,S,20.0,No,20160301,37.8,-122.3,15,0,0,NaN,NaN,Europe/Berlin"
    system = parse_system(first + ";;1")
    assert system is not None
    assert (system.name, system.size_w, system.interval_s, system.zone, system.donor) == (
        "Roof", 4800, 900, "Europe/Berlin", True)
    named = parse_system("Roof, south, " + first.split(",", 1)[1] + ";;0")
    assert named is not None and (named.size_w, named.interval_s, named.donor) == (4800, 900, False)


@pytest.mark.parametrize(("text", "expected"), [
    ("R,100,1,1,1,B,1,1,M,S,0,No,20160301,-37.8,122,10,Europe/Berlin", ("R", 100, 600, "Europe/Berlin", False)),
    ("R,100,1,1,1,B,1,1,M,S,0,No,NaN,NaN,NaN,5;;3", ("R", 100, 300, "", True)),
    ("R,100,1,1,1,B,1,1,M,S,0,No,20160301,0,0,5,0,0,NaN,NaN,NaN;;x", ("R", 100, 300, "", False)),
    ("A, B,100,1,1,1,B,1,1,M,S,0,No,20160301,0,0,5,UTC;20.0;;1", ("A,B", 100, 300, "UTC", True)),
])
def test_getsystem_is_read_with_and_without_what_may_be_missing(text: str, expected: tuple) -> None:
    system = parse_system(text)
    assert system is not None
    assert (system.name, system.size_w, system.interval_s, system.zone, system.donor) == expected


@given(st.text(alphabet="0123456789,;NaN:.-x", max_size=200))
def test_garbage_never_breaks_a_parser(text: str) -> None:
    parse_system(text)
    parse_history(text)
    parse_outputs(text)
    batch_answers(text)


def test_history_rows_leave_out_what_is_missing() -> None:
    text = "20260509,12:00,1500,0.3,900,880,0.2,NaN,NaN,NaN,NaN;20260509,12:05,1600,0.3,NaN,1,1,2000,400,1,240"
    assert parse_history(text) == {"12:00": {"v1": 1500, "v2": 900}, "12:05": {"v1": 1600, "v3": 2000, "v4": 400}}


def test_outputs_are_read_by_day() -> None:
    text = "20260509,15000,3.1,0,12139,2539,17:30,Cloudy,13,22,NaN,NaN,NaN,NaN;20260508,14000,3,0,NaN,1,1,1"
    assert parse_outputs(text) == {"2026-05-09": {"v1": 15000, "v3": 12139}, "2026-05-08": {"v1": 14000}}


def test_a_system_as_a_public_client_quotes_one_is_read() -> None:
    """No postcode, no tilt, no install date, no coordinates, no zone asked for."""
    system = parse_system("Small roof,200,,2,100,P-100-36P,1,1000,X 1000W-12V,S,NaN,No,,NaN,NaN,5;;0")
    assert system is not None
    assert (system.name, system.size_w, system.interval_s, system.interval_known) == ("Small roof", 200, 300, True)
    assert (system.zone, system.donor, system.latitude, system.longitude) == ("", False, None, None)


@pytest.mark.parametrize("minutes", [1, 5, 10, 15, 30])
@pytest.mark.parametrize("arrays", [1, 2, 3])
def test_whatever_an_owner_left_empty_the_rest_is_known(minutes: int, arrays: int) -> None:
    for count in (0, 1, 2, 3, len(EMPTY)):
        for untold in itertools.combinations(EMPTY, count):
            _all_told_but(untold, minutes, arrays)


def _all_told_but(untold: tuple[str, ...], minutes: int, arrays: int) -> None:
    system = told(System(name="Roof", interval=minutes, donor=True, arrays=arrays, untold=frozenset(untold)))
    assert (system.name, system.donor) == ("Roof", True)
    assert system.size_w == (0 if "size" in untold else 4800)
    assert system.zone == ("" if "zone" in untold else "America/Los_Angeles")
    if "interval" in untold:
        assert (system.interval_s, system.interval_known) == (300, False)
    else:
        assert (system.interval_s, system.interval_known) == (minutes * 60, True)
        assert system.latitude == (None if "place" in untold else 37.8)


@pytest.mark.parametrize("name", [
    "Roof", "Roof, south", "Roof; south", "A;B,C", "Dach, 5 kW", "Haus ‚Sonne‘", "12", "5, 10, 15", "a;;0", "屋根，南",
    "Roof, 20160301, 1, 2, 5"])
def test_a_name_may_hold_commas_their_cousins_and_semicolons(name: str) -> None:
    system = told(System(name=name))
    assert (system.size_w, system.interval_s, system.zone, system.donor) == (4800, 300, "America/Los_Angeles", False)
    assert system.name.replace(" ", "") == name.replace(" ", "")


def test_a_brand_with_a_comma_does_not_move_the_size() -> None:
    system = parse_system("Roof,4800,94501,16,300,LG, mono,16,300,M,S,20.0,No,20160301,37.8,-122.3,15,UTC;;0")
    assert system is not None and (system.size_w, system.interval_s, system.zone) == (4800, 900, "UTC")


@pytest.mark.parametrize("interval", ["7", "", "NaN", "0", "x"])
def test_an_interval_that_does_not_exist_is_five_minutes_and_not_known(interval: str) -> None:
    system = parse_system(HEAD.format(name="R", size=4800)[:-1] + f"{interval},0,0,NaN,NaN,UTC;;1")
    assert system is not None and (system.interval_s, system.interval_known, system.size_w) == (300, False, 4800)


@pytest.mark.parametrize("place", ["0,0", "91,0", "0,181", "NaN,NaN", ",", "x,y"])
def test_coordinates_that_are_no_place_are_not_known(place: str) -> None:
    system = parse_system(f"R,100,1,1,1,B,1,1,M,S,0,No,20160301,{place},5,UTC;;0")
    assert system is not None and (system.latitude, system.longitude) == (None, None)


@given(st.lists(st.sampled_from(["", "NaN", "5", "10", "20160301", "S", "No", "-1.5", ";;0", "UTC"]), max_size=40))
def test_any_line_of_fields_is_a_system_or_none(fields: list[str]) -> None:
    system = parse_system(",".join(fields))
    assert system is None or (system.interval_s in (60, 300, 600, 900, 1800) and system.size_w >= 0)


def test_less_than_a_system_is_none() -> None:
    assert parse_system("") is None and parse_system("OK 200: fine") is None


def test_rows_of_a_batch_are_read_with_seconds_blanks_further_fields_and_codes() -> None:
    assert batch_answers(" 20210228, 9:05 ,2;20210228,09:10:00,0,x\n20210228,09:15,1;") == {
        ("20210228", "09:05"): True, ("20210228", "09:10"): False, ("20210228", "09:15"): True}


def test_history_and_outputs_that_end_early_keep_what_they_have() -> None:
    assert parse_history("20260509,9:00,1500,0.3,900;x;20260509,09:05,NaN") == {
        "09:00": {"v1": 1500, "v2": 900}, "09:05": {}}
    assert parse_outputs("20260509,15000;;20260508,NaN,3,0,9") == {"2026-05-09": {"v1": 15000}, "2026-05-08": {"v3": 9}}


ODD = "Home,4800,94501,16,300,Brand,1,5000,SMA,S,20.0,No,20160301,37.8,-122.3,10"
REST = ",0,0,NaN,NaN,America/Los_Angeles"


@pytest.mark.parametrize("word", ["", "NaN", "null", "None", "-"])
@pytest.mark.parametrize("at", range(16))
def test_a_field_that_says_nothing_costs_itself_alone(at: int, word: str) -> None:
    fields = ODD.split(",")
    fields[at] = word
    system = parse_system(",".join(fields) + REST + ";;1")
    assert system is not None
    assert system.name == ("Home" if at != 0 else word)
    assert system.size_w == (4800 if at != 1 else 0)
    assert (system.latitude is None) == (at in (13, 14))
    assert (system.interval_s, system.interval_known) == ((600, True) if at != 15 else (300, False))
    assert system.zone == "America/Los_Angeles" and system.donor


@pytest.mark.parametrize("at", range(12))
def test_a_field_that_is_not_there_at_all_moves_the_interval_and_leaves_the_size_unknown(at: int) -> None:
    fields = ODD.split(",")
    del fields[at]
    system = parse_system(",".join(fields) + REST + ";;1")
    assert system is not None and system.interval_s == 600 and system.zone == "America/Los_Angeles" and system.donor
    assert system.size_w in (0, 4800) and (system.latitude, system.longitude) == (37.8, -122.3)


@pytest.mark.parametrize(("sections", "donor"), [
    (";;1", True), (";;0", False), (";;", False), ("", False), (";1", True), (";;;1", True), (";1,2;1", True),
    (";;1;Extended,W", True), (";;0;1,2", False), (";;1\r\n", True), (";; 3 ;", True), (",9;;1", True)])
def test_the_donations_are_found_beside_sections_that_nobody_asked_for(sections: str, donor: bool) -> None:
    system = parse_system(ODD + REST + sections)
    assert system is not None and system.donor is donor
    assert system.interval_s == 600 and system.zone == "America/Los_Angeles"


def test_numbers_with_a_point_and_dates_in_another_form_are_read() -> None:
    system = parse_system(ODD.replace("4800", "4800.0").replace("20160301", "2016-03-01") + ".0" + REST + ";;0")
    assert system is not None and (system.size_w, system.interval_s, system.latitude) == (4800, 600, 37.8)
