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
    NothingChanged,
    NothingStored,
    OurBug,
    PlanRefused,
    QuotaExceeded,
    RowRefused,
    SettingsRefused,
    classify,
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
    (400, "Bad request 400: No statuses added or updated", NothingChanged),
    (400, "Bad request 400: Date is too far in the past [20260401]", Expired),
    (400, "Bad request 400: Value number cannot exceed 250,000Wh [260000]", RowRefused),
    (400, "Bad request 400: Invalid power value [-399]", RowRefused),
    (400, "Bad request 400: Extended data is not enabled", RowRefused),
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
