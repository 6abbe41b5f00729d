"""Each row of the reply table, and what is cut, garbled or none of PVOutput's."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pvoutput.replies import (
    Accepted,
    Busy,
    ClockRefused,
    Expired,
    NetworkTrouble,
    NothingStored,
    OurBug,
    PlanRefused,
    QuotaExceeded,
    RowRefused,
    SettingsRefused,
    batch_answers,
    classify,
    parse_history,
    parse_outputs,
    parse_system,
)

TABLE = [
    (200, "20210228,16:00,1;20210228,16:05,0", Accepted),
    (200, "OK 200: Added Status", Accepted),
    (403, "Forbidden 403: Exceeded 60 requests per hour", QuotaExceeded),
    (403, "FORBIDDEN 403: exceeded 300 REQUESTS PER HOUR", QuotaExceeded),
    (429, "Too Many Requests", QuotaExceeded),
    (403, "Forbidden 403: Read only key", SettingsRefused),
    (401, "Unauthorized 401: Invalid System ID", SettingsRefused),
    (401, "Unauthorized 401: Invalid API Key", SettingsRefused),
    (401, "unauthorized 401: Disabled API Key", SettingsRefused),
    (401, "Unauthorized 401: Missing, invalid or inactive api key information", SettingsRefused),
    (403, "Forbidden 403: Donation Mode", PlanRefused),
    (400, "Bad request 400: Load in progress", Busy),
    (400, "Bad request 400: Invalid future date [20260510]", ClockRefused),
    (400, "Bad request 400: Date is in the future [20260509 23:00]", ClockRefused),
    (400, "Bad request 400: Date is older than 14 days [20260401]", Expired),
    (400, "Bad request 400: Date is older than 90 days [20260401]", Expired),
    (400, "Bad request 400: Moon Powered", RowRefused),
    (400, "Bad request 400: Power value [9000] too high for system size [4800]", RowRefused),
    (400, "Bad request 400: Energy value [9000] too high for [06:05]", RowRefused),
    (400, "Bad request 400: Energy value [90000] too high for system size [4800]", RowRefused),
    (400, "Bad request 400: Energy value [9] lower than previously recorded value: [10]", RowRefused),
    (400, "Bad Request 400: Could not read v1 [x]", RowRefused),
    (400, "Bad request 400: something nobody has seen yet", RowRefused),
    (400, "Bad request 400: Missing date or time", OurBug),
    (400, "Bad request 400: Missing energy and power values", OurBug),
    (400, "Bad request 400: Invalid net and cumulative", OurBug),
    (405, "Method Not Allowed 405: POST only", OurBug),
    (400, "Bad request 400: No status found", NothingStored),
    (400, "Bad request 400: No outputs found", NothingStored),
    (500, "Internal Server Error", NetworkTrouble),
    (503, "", NetworkTrouble),
    (502, "<html>Bad gateway</html>", NetworkTrouble),
    (200, "<!DOCTYPE html><html></html>", NetworkTrouble),
    (200, " \n<html></html>", NetworkTrouble),
    (403, "<html>blocked</html>", NetworkTrouble),
    (200, "", NetworkTrouble),
    (302, "Found", NetworkTrouble),
    (404, "Not Found 404: No such service", NetworkTrouble),
]


@pytest.mark.parametrize(("status", "body", "kind"), TABLE)
def test_every_row_of_the_reply_table_has_its_meaning(status: int, body: str, kind: type) -> None:
    assert type(classify(status, body)) is kind


@pytest.mark.parametrize(("status", "body", "kind"), [row for row in TABLE if row[0] in (400, 401, 403)])
def test_letter_case_does_not_change_the_meaning(status: int, body: str, kind: type) -> None:
    assert type(classify(status, body.upper())) is type(classify(status, body.lower())) is kind


def test_the_reason_is_verbatim_without_the_title() -> None:
    assert classify(400, "Bad request 400: Moon Powered [05:55]\n") == RowRefused("Moon Powered [05:55]")


@given(st.integers(100, 599), st.text(max_size=400))
def test_any_reply_has_some_meaning_and_a_short_printable_text(status: int, body: str) -> None:
    text = classify(status, body).text
    assert status == 200 or (len(text) <= 400 and "\n" not in text)


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


def test_getsystem_with_an_interval_that_does_not_exist_is_no_answer() -> None:
    assert parse_system("Roof,4800,1,1,1,B,1,1,M,S,0,No,20160301,0,0,7,0,0,NaN,NaN,UTC;;0") is None


def test_history_rows_leave_out_what_is_missing() -> None:
    text = "20260509,12:00,1500,0.3,900,880,0.2,NaN,NaN,NaN,NaN;20260509,12:05,1600,0.3,NaN,1,1,2000,400,1,240"
    assert parse_history(text) == {"12:00": {"v1": 1500, "v2": 900}, "12:05": {"v1": 1600, "v3": 2000, "v4": 400}}


def test_outputs_are_read_by_day() -> None:
    text = "20260509,15000,3.1,0,12139,2539,17:30,Cloudy,13,22,NaN,NaN,NaN,NaN;20260508,14000,3,0,NaN,1,1,1"
    assert parse_outputs(text) == {"2026-05-09": {"v1": 15000, "v3": 12139}, "2026-05-08": {"v1": 14000}}
