"""Everything the ledger decides about and everything that stops the posting has a line on the status page.

The kinds are read from the code that makes them: a new one without a scenario here, or without words, fails.
"""
import ast
import inspect
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from appliance import __version__
from appliance.cli.status import table
from appliance.health import card, disk, lamps, news, notices, status, system_age
from appliance.health.sources import HistoryFacts
from appliance.ledger import counters, intake
from appliance.pvoutput import account, pauses, persisted, servertime
from appliance.pvoutput.targets import main_target
from appliance.settings import PVOutput, Secret, Settings, Update
from appliance.system.clock import Clock
from appliance.system.heartbeat import Heartbeat
from tests.cli.command import suntap
from tests.health.support import system
from tests.history.test_inverters import SERIALS, Roof, bad
from tests.ledger.support import LA, NET, NOON, PRODUCTION, Box, inverter, meter, run_of, stamp, upload

OWNER_WORDS = ("nothing to do", "check", "switch ", "enter ", "turn ", "choose ", "replace", "compare", "report",
               "look", "save")
URL = "http://192.0.2.7/"


def calls(module: ModuleType, name: str, place: int) -> set[str]:
    """The texts (or names' values) that `name(...)` is called with at `place` in a module's source."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            for part in ast.walk(node.args[place]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found.add(part.value)
                elif isinstance(part, ast.Name) and isinstance(getattr(module, part.id, None), str):
                    found.add(getattr(module, part.id))
    return found


def kinds_in_the_code() -> set[str]:
    made = [calls(module, "Notice", 0) for module in (notices, card, system_age, news)]
    return calls(counters, "Event", 0) - {counters.EPOCH} | set().union(*made)


def hear(box: Box, ahead_s: int) -> None:
    """A heartbeat of a PVS whose clock is so far ahead."""
    late = upload([], NOON + 7200 + ahead_s, path="/Command/SMS2DataCollector.aspx")
    box.deliver(type(late)((NOON + 7200) * 1_000_000, late.source, late.destination, late.path, late.body, True))


def damage(box: Box) -> None:
    box.store.execute("INSERT INTO state VALUES ('store_note', 'The history was damaged (x). It was set aside.')")


def after_an_update(box: Box) -> None:
    box.store.executemany("INSERT INTO day_before VALUES (?, ?, NULL)", [("2026-05-09", 5000), ("2026-05-10", 1)])
    box.lines(*run_of(NOON, 5, 1000, 100))


def judged(share: float | None) -> Callable[[Box], object]:
    """A roof of which one inverter makes so much of what the others make, from the fifth day on."""
    return lambda box: Roof(box).days(7, bad(SERIALS[2], 4, share))


def replaced(box: Box) -> None:
    roof = Roof(box)
    roof.days(4)
    roof.days(2, first=4, serials=(*SERIALS[:3], "414050000000099"))


def turned(box: Box) -> None:
    """Three nights in which the house used 2.9 kWh each, by a meter that the owner says counts up what is sold."""
    box.site = replace(LA, net_sign="-")
    for night in range(3):
        times = [NOON - 12 * 3600 - 86400 * (2 - night) + 300 * n for n in range(30)]
        box.lines(*(line for n, at in enumerate(times)
                    for line in (inverter(at, 1000), meter(at, 30_000 * night + 1000 * n, NET))))


SCENARIOS: dict[str, tuple[str, str, Callable[[Box], object]]] = {
    # kind: (state, words that must be there, what happens)
    "restart": ("warn", "fell from 900.0400 to 0.0000 kWh", lambda box: box.lines(
        *run_of(NOON, 5, 9_000_000, 100), *run_of(NOON + 1500, 5, 0, 100))),
    "jump": ("warn", "rose from 0.1400 to 90000.0000 kWh", lambda box: box.lines(
        *run_of(NOON, 5, 1000, 100), *run_of(NOON + 1500, 5, 900_000_000, 100))),
    "outlier": ("ok", "said 90000.0000 kWh between others near 0.1400 kWh", lambda box: box.lines(
        *run_of(NOON, 5, 1000, 100), inverter(NOON + 1500, 900_000_000), inverter(NOON + 1800, 1600))),
    "held": ("ok", "waits for the next one", lambda box: box.lines(
        *run_of(NOON, 5, 1000, 100), inverter(NOON + 1500, 900_000_000))),
    "clock": ("warn", "was 60 minutes ahead of this box's", lambda box: hear(box, 3600)),
    "several": ("ok", "2 SunPower boxes report on this cable", lambda box: box.deliver(
        upload([], NOON), upload([], NOON, pvs="ZT160000000441C0002"))),
    "malformed": ("warn", "1 line of a report could not be read", lambda box: box.lines(
        ["130", stamp(NOON), "1"], captured=NOON)),
    "unknown": ("ok", "132, 170", lambda box: box.lines(
        ["132", stamp(NOON), "X", "a"], ["170", "x"], captured=NOON)),
    "damage": ("warn", "was damaged", damage),
    "sign": ("ok", "up when you buy", lambda box: box.lines(
        inverter(NOON, 1000), meter(NOON, 5000, NET), inverter(NOON + 300, 1100), meter(NOON + 300, 5100, NET))),
    "turned": ("warn", "are probably wrong", turned),
    "meter": ("ok", "counts what you buy less what you sell, as most do", lambda box: box.lines(
        meter(NOON, 5000, NET), meter(NOON + 300, 5100, NET))),
    "unreadable": ("warn", "3 lines of reports had a counter that is no number", lambda box: box.lines(
        *(inverter(NOON + 300 * n, "x1.5") for n in range(3)))),
    "left out": ("warn", "1 report of your SunPower box could not be read", lambda box: box.store.execute(
        "INSERT INTO upload_aside (sha256, created, reason) VALUES (x'00', 0, 'ValueError: x')")),
    "rules": ("ok", "2026-05-09 0.50 → 0.04 kWh", after_an_update),
    "dead": ("warn", "made next to nothing on June 5 and June 6", judged(0.0)),
    "weak": ("warn", "made only 1.60 kWh on June 5 and June 6", judged(0.4)),
    "silent": ("warn", "was not heard on June 5 and June 6", judged(None)),
    "replaced": ("ok", "414050000000099 took the place of 414050000000003 on 2026-06-05", replaced),
    "worn": ("warn", "used more than 100 % of the writes", lambda box: system(
        box.data_dir / "sys", box.data_dir, life_time="0x0b 0x01")),
    "card": ("warn", "had 2 errors since its last check", lambda box: system(
        box.data_dir / "sys", box.data_dir, errors_count="2\n")),
    "old system": ("warn", "system is 4 months old", lambda box: (box.data_dir / "image").write_text(
        "built=2026-01-09\nversion=0.1.0+20260109\n")),
    "fixes": ("warn", "lacks 1 security fix of Debian", lambda box: news.write(box.data_dir, news.News(
        debian="2026-05-08", count=1, fixes=(news.Fix("openssl", "1", "2"),)))),
    "earlier card": ("ok", "written before suntap could renew the whole system", lambda box: (
        box.data_dir / "image").write_text("built=2026-05-01\n")),
    "newer": ("ok", "There is a newer suntap: 99.0.0", lambda box: news.write(box.data_dir, news.News(
        version="99.0.0", running=__version__, is_newer=True))),
    "no news": ("warn", "no useful answer for two weeks: refused", lambda box: news.write(box.data_dir, news.News(
        url=URL, problem="refused"))),
    "source": ("ok", "read from its own meter", lambda box: [box.lines(
        *(meter(NOON + 86400 * day + 300 * n, 10_000 * (1 + day) + 100 * n, PRODUCTION) for n in range(5)))
        for day in range(2)]),
}


@pytest.fixture
def box(tmp_path, monkeypatch):
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setattr(disk, "SYSFS", tmp_path / "sys")
    monkeypatch.setattr(system_age, "IMAGE", tmp_path / "image")
    made = Box(tmp_path)
    yield made
    made.close()


def shown(folder: Path) -> list[dict]:
    """The notices in `suntap status --json`'s facts, at noon of the day after."""
    loaded = Settings(site=LA, update=Update(URL)).with_data_dir(folder)
    facts = status.collect(loaded, Clock(0.0, NOON + 86400, 0.0)).to_json()
    text = table(facts)
    for notice in facts["store"]["notices"]:
        assert notice["text"] in text and notice["check"] in text
    return json.loads(json.dumps(facts))["store"]["notices"]


def test_every_kind_that_the_code_can_make_is_declared_and_tried_here():
    assert kinds_in_the_code() == set(notices.KINDS) == set(SCENARIOS)


def test_every_count_of_the_intake_has_words():
    counted = calls(intake, "_count", 1) - {notices.UNKNOWN + "others"}
    assert counted == set(notices.COUNTED_LINES)


@pytest.mark.parametrize("kind", sorted(SCENARIOS))
def test_a_kind_of_notice_has_its_line_with_what_to_do_at_its_severity(box, kind, tmp_path):
    state, words, happen = SCENARIOS[kind]
    happen(box)
    line = next(notice for notice in shown(box.data_dir) if notice["kind"] == kind)
    assert line["state"] == state and words in line["text"]
    for text in (line["text"], line["check"]):
        assert not text[0].islower() and text.endswith(".") and "\n" not in text and 20 < len(text) < 300, text
    assert any(word in line["check"].lower() for word in OWNER_WORDS), line["check"]


@pytest.mark.parametrize("name", sorted(notices.COUNTED_LINES))
@pytest.mark.parametrize("count", [1, 2])
def test_a_count_is_a_sentence_for_one_and_for_several(box, name, count):
    box.store.execute("INSERT OR REPLACE INTO state VALUES ('lines', ?)", (json.dumps({name: count}),))
    (line,) = [notice for notice in shown(box.data_dir) if notice["kind"] == "malformed"]
    assert line["text"].startswith(f"{count} ") and line["text"].endswith(" left out.")
    assert ("s were" in line["text"] or "lines" in line["text"]) == (count > 1), line["text"]


def test_readings_with_an_impossible_time_are_told(box):
    box.lines(*run_of(0, 12, 1300, 100), captured=NOON)
    (line,) = [notice for notice in shown(box.data_dir) if notice["kind"] == "clock"]
    assert line["state"] == "warn" and "12 readings claim a time before 2005" in line["text"]


def test_a_quiet_box_is_told_nothing(box):
    box.lines(*run_of(NOON, 5, 1000, 100))
    assert shown(box.data_dir) == []


def test_the_lamp_counts_the_inverters_that_are_there_not_those_that_were_replaced(box):
    replaced(box)
    Heartbeat("supervisor", box.data_dir).beat()
    (last,) = box.store.execute("SELECT max(last_seen) FROM device WHERE kind = 'inverter'").fetchone()
    facts = status.collect(Settings(site=LA).with_data_dir(box.data_dir), Clock(0.0, last + 60, 0.0))
    assert isinstance(facts.history, HistoryFacts) and facts.history.devices["inverter"] == len(SERIALS) + 1
    assert f"{len(SERIALS)} inverters known" in next(lamp.text for lamp in facts.lamps if lamp.name == "decode")


def test_suntap_status_prints_the_line_with_what_to_do(box):
    SCENARIOS["unknown"][2](box)
    box.store.execute("INSERT INTO state VALUES ('store_note', 'The history was damaged (x). It was set aside.')")
    out = suntap("status", "--data-dir", box.data_dir).out
    assert "Notice            WARN  The history was damaged" in out and "replace the SD card" in out
    assert "Notice            ok    Your SunPower box sends kinds of lines" in out and "takes them in then" in out


ACCOUNT = PVOutput(enabled=True, api_key=Secret("k" * 40), system_id="1")
PAUSES = {value for name, value in vars(pauses).items() if name.isupper() and isinstance(value, str)}


def upload_lamp(box: Box) -> dict:
    Heartbeat("supervisor", box.data_dir).beat()
    loaded = replace(Settings(site=LA).with_data_dir(box.data_dir), pvoutput=ACCOUNT)
    facts = status.collect(loaded, Clock(0.0, NOON, 0.0)).to_json()
    (found,) = [lamp for lamp in facts["lamps"] if lamp["name"] == "upload"]
    return found


def test_every_kind_of_pause_has_its_advice():
    assert set(lamps.PAUSES) == PAUSES


@pytest.mark.parametrize("kind", sorted(PAUSES))
def test_a_pause_is_told_with_its_reason_and_what_to_do(box, kind):
    pauses.begin(box.store, servertime.read(box.store, Clock(0.0, NOON, 0.0)), kind, "PVOutput's own words", 600)
    lamp = upload_lamp(box)
    assert lamp["state"] == "warn" and "PVOutput's own words" in lamp["text"] and lamp["check"] == lamps.PAUSES[kind]


def refuse_settings(box: Box) -> None:
    now = servertime.read(box.store, Clock(0.0, NOON, 0.0))
    account.refuse(box.store, now, main_target(replace(Settings(site=LA), pvoutput=ACCOUNT)), "Invalid API Key")


def expire_soon(box: Box) -> None:
    day = datetime.fromtimestamp(NOON - 13 * 86400, ZoneInfo("America/Los_Angeles")).date()
    box.store.execute("INSERT INTO outbox (time, day, v1, state) VALUES (?, ?, 1, 'waiting')",
                      (NOON - 13 * 86400, str(day)))


def hold(box: Box) -> None:
    persisted.put(box.store, "time", {"origin": "", "steady": 0, "server": NOON, "wall_ahead": 0})
    persisted.put(box.store, "held", {"text": "Date is in the future [20260509]", "from": NOON, "until": NOON + 3600})


@pytest.mark.parametrize(("happen", "state", "words"), [
    (refuse_settings, "bad", "Invalid API Key"), (expire_soon, "warn", "only until May 10."),
    (hold, "warn", "Date is in the future"),
    (lambda box: box.store.execute("INSERT INTO outbox (time, day, v1, state, reason) VALUES (1, '2026-05-09', 1,"
                                   " 'refused', 'Moon Powered')"), "warn", "refused 1 reading;"),
    (lambda box: box.store.execute("INSERT INTO pvoutput_day (day, total_state) VALUES ('2026-04-01', 'refused')"),
     "warn", "refused the total of 1 day that"),
])
def test_what_the_posting_met_is_on_its_lamp_with_what_to_do(box, happen, state, words):
    happen(box)
    lamp = upload_lamp(box)
    assert (lamp["state"], words in lamp["text"]) == (state, True), lamp
    assert lamp["check"]


def test_a_backlog_that_is_being_posted_alarms_nobody(box):
    expire_soon(box)
    box.store.execute("INSERT INTO outbox (time, day, v1, state, sent_at) VALUES (?, '2026-05-09', 1, 'sent', ?)",
                      (NOON - 600, NOON - 300))
    assert upload_lamp(box)["state"] == "ok"
    box.store.execute("UPDATE outbox SET sent_at = ? WHERE state = 'sent'", (NOON - status.POSTING_S,))
    assert "only until May 10." in upload_lamp(box)["text"]


def test_the_schema_has_no_state_that_nobody_looked_at_here(box):
    """Of these, refused ones need the owner; the others go on by themselves or were the owner's choice."""
    schema = " ".join(row[0] for row in box.store.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL"))
    rows, totals = re.findall(r"state IN \(([^)]*)\)", schema)
    assert rows == "'open', 'waiting', 'sent', 'refused', 'expired', 'skipped'"
    assert totals == "'', 'new', 'missing', 'sent', 'done', 'refused'"
