"""The PVOutput page and its Test: the server's own words, the owner's way out, and no key left anywhere."""
import re
from pathlib import Path

import pytest

from appliance import settings, store
from appliance.pvoutput import account, servertime
from appliance.pvoutput.reply_fields import System
from appliance.pvoutput.targets import main_target
from appliance.simulate.pvoutput import API_KEY, Fault, PvOutput
from tests.web.conftest import NOON, FixedClock, Visitor
from tests.web.roof import post

FORM = {"pvoutput.api_key": API_KEY, "pvoutput.system_id": "12345", "pvoutput.energy": "daily", "pvoutput.reserve": "5"}
REFUSED = int(NOON) // 300 * 300 - 7200


def test_a_good_key_shows_the_system(owner: Visitor, clock: FixedClock, config: Path, data_dir: Path) -> None:
    with PvOutput(clock) as site:
        answer = owner.send("/settings", "/pvoutput/test", **FORM, **{"pvoutput.url": site.url})
        assert len(site.requests) == 1
    for words in ("PVOutput accepts this key and this system.", "Test roof", "4\N{NARROW NO-BREAK SPACE}800 W", "5 "
                  "min", "free"):
        assert words in answer.text
    assert not settings.load(config).pvoutput.api_key
    for path in data_dir.iterdir():
        assert API_KEY.encode() not in path.read_bytes(), path
    assert API_KEY not in answer.text


@pytest.mark.parametrize(("form", "words", "advice"), [
    ({"pvoutput.api_key": "1" * 40}, "Invalid API Key", "Check the key"),
    ({"pvoutput.system_id": "99999"}, "Invalid System ID", "Check the system id")])
def test_a_refusal_is_shown_verbatim_with_what_to_do(owner: Visitor, clock: FixedClock, form: dict[str, str],
                                                     words: str, advice: str) -> None:
    with PvOutput(clock) as site:
        answer = owner.send("/settings", "/pvoutput/test", **{**FORM, "pvoutput.url": site.url, **form})
    assert words in answer.text and advice in answer.text


def test_a_service_that_is_down_is_no_fault_of_the_key(owner: Visitor, clock: FixedClock) -> None:
    with PvOutput(clock) as site:
        site.fail(Fault.ERROR)
        answer = owner.send("/settings", "/pvoutput/test", **FORM, **{"pvoutput.url": site.url})
    assert "PVOutput did not accept" not in answer.text and "500" in answer.text


def test_a_test_is_not_made_when_the_hours_requests_are_used_up(owner: Visitor, clock: FixedClock) -> None:
    with PvOutput(clock) as site:
        site.quota = 3
        for _ in range(8):
            answer = owner.send("/settings", "/pvoutput/test", **FORM, **{"pvoutput.url": site.url})
        assert len(site.requests) <= 4
    assert "next full hour" in answer.text


def test_a_half_filled_form_asks_nobody(owner: Visitor, clock: FixedClock) -> None:
    with PvOutput(clock) as site:
        form = {**FORM, "pvoutput.url": site.url, "pvoutput.system_id": ""}
        answer = owner.send("/settings", "/pvoutput/test", **form)
        assert site.requests == []
    assert "Enter both" in answer.text


def test_the_page_tells_day_by_day(owner: Visitor, roof: Path) -> None:
    post(roof, NOON - 1800, {REFUSED: "Moon Powered"})
    text = owner.get("/pvoutput").text
    assert "Moon Powered" in text and "refused in part" in text and "all posted" in text and "2026-05-07" in text
    assert "PVOutput takes it until 23 May 2026" in text


@pytest.mark.parametrize(("to", "form", "order"), [
    ("/pvoutput/resend", {"day": "2026-05-08"}, ("resend_day", '{"day": "2026-05-08"}')),
    ("/pvoutput/row", {"name": "retry", "time": str(REFUSED)}, ("retry", f'{{"time": {REFUSED}}}')),
    ("/pvoutput/row", {"name": "skip", "time": str(REFUSED)}, ("skip", f'{{"time": {REFUSED}}}'))])
def test_an_order_reaches_the_supervisor_process(owner: Visitor, roof: Path, to: str, form: dict[str, str],
                                                 order: tuple[str, str]) -> None:
    post(roof, refused={REFUSED: "Moon Powered"})
    owner.send("/pvoutput", to, **form)
    with store.connect(roof) as connection:
        assert connection.execute("SELECT name, argument FROM command").fetchall() == [order]


@pytest.mark.parametrize(("to", "form"), [
    ("/pvoutput/resend", {"day": "x"}), ("/pvoutput/row", {"name": "rebuild", "time": "1"}),
    ("/pvoutput/row", {"name": "skip", "time": "-1"}),
    ("/pvoutput/row", {"name": "skip", "time": "1; DROP TABLE slot"})])
def test_what_is_no_order_is_refused(owner: Visitor, roof: Path, to: str, form: dict[str, str]) -> None:
    post(roof, refused={REFUSED: "Moon Powered"})
    assert owner.send("/pvoutput", to, **form).status_code in (400, 404)


def test_the_page_tells_of_each_row_which_values_went_and_what_it_went_without(owner: Visitor, roof: Path) -> None:
    post(roof, NOON - 1800, {REFUSED: "Moon Powered"})
    with store.connect(roof) as connection:
        connection.execute("UPDATE outbox SET withheld = 'v2:night', v2 = NULL, v6 = 241500 WHERE time = ?", (REFUSED,))
        day = connection.execute("SELECT day FROM outbox WHERE time = ?", (REFUSED,)).fetchone()[0]
    text = owner.get(f"/pvoutput/day/{day}").text
    assert "without power: it is night there" in text and "Moon Powered" in text and "241.5" in text
    assert owner.get("/pvoutput/day/2026-13-01").status_code == 404
    assert owner.get(f"/pvoutput/day/{day}?system=999").status_code == 404
    assert "Readings and their values" in owner.get("/pvoutput/day/2001-01-01").text


def test_a_time_of_posting_stands_only_beside_what_is_posted(owner: Visitor, roof: Path) -> None:
    post(roof, NOON - 1800, {})
    with store.connect(roof) as connection:     # a correction waits: what was posted is not the newest
        connection.execute("UPDATE outbox SET sent_at = ? WHERE state = 'waiting'", (int(NOON) - 900,))
        day, waiting = connection.execute("SELECT day, count(*) FROM outbox WHERE state IN ('waiting', 'open') "
                                          "GROUP BY day ORDER BY day DESC").fetchone()
        sent, = connection.execute("SELECT count(*) FROM outbox WHERE state = 'sent' AND day = ?", (day,)).fetchone()
    cells = re.findall(r'<td class="nowrap">(.*?)</td>', owner.get(f"/pvoutput/day/{day}").text)
    assert waiting and sent and cells.count("not yet") == waiting
    assert sum(bool(re.search(r"\d", cell)) for cell in cells) == sent


def test_a_refusal_is_shown_with_its_cure_and_all_can_be_tried_again(owner: Visitor, roof: Path) -> None:
    post(roof, NOON - 1800, {REFUSED: "Power value [9000] too high for system size [4800]"})
    text = owner.get("/pvoutput").text
    assert "Correct the system&#39;s size at PVOutput, then Retry." in text
    owner.send("/pvoutput", "/pvoutput/retry")
    with store.connect(roof) as connection:
        assert connection.execute("SELECT name, argument FROM command").fetchall() == [("retry_refused", "{}")]


def test_a_large_backlog_says_how_long_it_takes(owner: Visitor, roof: Path, config: Path) -> None:
    settings.update(config, {"pvoutput.enabled": True, "pvoutput.api_key": API_KEY, "pvoutput.system_id": "12345"})
    with store.connect(roof) as connection:
        account.store_system(connection, servertime.Now("x", 0.0, float(NOON)), main_target(settings.load(config)),
                             System("R", 5200, 300, "", False))
    assert "at PVOutput’s limit" not in owner.get("/pvoutput").text     # three days are posted within the hour
    with store.connect(roof) as connection:
        for days in range(1, 12):
            connection.execute("INSERT OR IGNORE INTO outbox (system, time, day, state, v1) SELECT system, time - ?,"
                               " date(day, ?), 'waiting', v1 FROM outbox WHERE state = 'waiting'",
                               (days * 86400, f"-{days} days"))
    text = owner.get("/pvoutput").text
    assert "posting all that waits takes about" in text and "hours at PVOutput’s limit" in text
    assert re.search(r'\d <span class="unit">of 60', text)


def test_what_changes_by_itself_is_fetched_anew(owner: Visitor, roof: Path) -> None:
    post(roof, NOON - 1800, {})
    assert 'data-live="/pvoutput/state"' in owner.get("/pvoutput").text
    fragment = owner.get("/pvoutput/state").text
    assert "Day by day" in fragment and "<html" not in fragment


def test_a_size_that_is_too_small_is_said_with_what_to_do(owner: Visitor, roof: Path, config: Path) -> None:
    post(roof, NOON - 1800, {})
    settings.update(config, {"pvoutput.api_key": API_KEY, "pvoutput.system_id": "12345"})
    with store.connect(roof) as connection:
        now = servertime.Now("x", 0.0, float(NOON))
        account.store_system(connection, now, main_target(settings.load(config)), System("R", 1000, 300, "", False))
        connection.execute("UPDATE outbox SET withheld = 'v2:size' WHERE time IN (SELECT time FROM outbox LIMIT 5)")
    text = owner.get("/pvoutput").text
    assert text.count("If your roof is larger, correct its size there, then press Retry.") == 1 and "1000 W" in text


def test_the_test_compares_sizes(owner: Visitor, roof: Path, clock: FixedClock, config: Path) -> None:
    settings.update(config, {"site.size_w": 9000})
    with PvOutput(clock) as site:
        answer = owner.send("/settings", "/pvoutput/test", **FORM, **{"pvoutput.url": site.url})
    assert "4800 W at PVOutput and 9000 W in site.size_w" in answer.text
