"""What owners meet: each problem is staged, and the page alone must lead out of it.

It names the cause before its effects, says what to do in a sentence, and where a click does it, the click is there and
works.
"""
import errno
import math
import os
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings, store
from appliance.health import collector, disk, image_problems, status
from appliance.health.log import LASTED_S, Log, entries
from appliance.pvoutput import account, pauses, servertime
from appliance.pvoutput.targets import main_target
from appliance.settings import file
from appliance.store import inbox
from appliance.store.trust import CAPTURE, ROUTER, Arrival
from appliance.supervisor import commands
from appliance.supervisor.pipeline import derive
from appliance.system.clock import Clock
from appliance.system.heartbeat import PROCESSES, Heartbeat
from tests.attack.support import FORGER_MAC, day_of, heard
from tests.web.conftest import NOON, PASSWORD, TODAY, FixedClock, Visitor
from tests.web.roof import PEAK_W, SERIALS, Roof, fill
from webui.present import energy
from webui.security import claim

STRANGER = "ZT170000000441C0002"
LOG_IN = 'Something here needs its owner: <a href="/login?next=/">log in</a> to see what.'


@pytest.fixture(autouse=True)
def alive(data_dir: Path, config: Path) -> None:
    """All processes work, and PVOutput has an account."""
    settings.update(config, {"pvoutput.enabled": True, "pvoutput.api_key": "k" * 40, "pvoutput.system_id": "12345"})
    for name in PROCESSES:
        Heartbeat(name, data_dir).beat(interface="lo")


def banners(visitor: Visitor, path: str = "/") -> list[tuple[str, list[str]]]:
    """Text and links of what a page says needs a look, in its order."""
    found = re.findall(r'<p class="banner (?:bad|warn)?"[^>]*>(.*?)</p>', visitor.get(path).text, re.DOTALL)
    return [(unescape(re.sub(r"<[^>]*>", "", text)), re.findall(r'href="([^"]+)"', text)) for text in found]


def first(visitor: Visitor, *words: str) -> list[str]:
    """The links of the first banner, which must say these words."""
    text, links = banners(visitor)[0]
    assert all(word in text for word in words), text
    return links


def carry_out(data_dir: Path, config: Path) -> None:
    """What the recorder does next."""
    with closing(store.connect(data_dir)) as derived, closing(inbox.connect(data_dir)) as received:
        loaded = settings.load(config)
        commands.run_waiting(commands.Work(derived, received, loaded, config, Clock(NOON), lambda *_: None))
        while (done := derive(received, derived, loaded, NOON)).uploads or done.days:
            pass


def take_down(data_dir: Path, config: Path) -> None:
    """What the recorder does every five minutes (supervisor.process): lamps and notices into the owner's log."""
    found = status.collect(settings.load(config).with_data_dir(data_dir), Clock(0.0, NOON, 0.0))
    with closing(store.connect(data_dir)) as derived:
        Log().keep(derived, found.facts(), int(NOON))


def test_in_order_nothing_asks_for_attention(owner: Visitor, roof: Path) -> None:
    assert banners(owner) == []


def test_the_sunpower_box_is_unplugged(owner: Visitor, guest: Visitor, roof: Path, clock: FixedClock) -> None:
    clock.move(5 * 3600)
    for visitor in (owner, guest):
        first(visitor, "Nothing heard from your SunPower box for 5 hours.", "Is it powered, and is its cable plugged")
    after = [text for text, _ in banners(owner)[1:]]
    assert after == ["The newest reading is from 5 hours ago, and your SunPower box is silent. See SunPower box first."]
    shown = unescape(owner.get("/diagnostics").text)
    assert "so nobody can tell whether that answers" in shown and "Nothing to do: it reports" not in shown


def test_a_silence_is_told_since_the_last_report(owner: Visitor, roof: Path, config: Path, clock: FixedClock) -> None:
    found = status.collect(settings.load(config).with_data_dir(roof), Clock(0.0, NOON + 5 * 3600, 0.0))
    log, later = Log(), int(NOON) + 5 * 3600
    with closing(store.connect(roof)) as derived:
        for now in (later, later + LASTED_S):
            log.keep(derived, found.facts(), now)
        silent = next(one for one in entries(derived) if "Nothing heard" in one.text)
    assert NOON - 600 <= silent.since <= NOON


def test_a_box_that_gets_no_answer_is_not_asked_whether_it_is_plugged_in(
        owner: Visitor, roof: Path, config: Path, clock: FixedClock) -> None:
    clock.move(5 * 3600)
    steady = Clock().steady()[1]
    Heartbeat("capture", roof).beat(interface="lo", wire={
        "started": 0, "tries": [steady - 60], "unanswered": 99, "addresses": [], "answered": None,
        "unanswered_since": steady - 5 * 3600})
    told = [text for text, _ in banners(owner)]
    assert len(told) == 2 and "SunPower’s server has left your SunPower box without an answer for 5 hours" in told[0]
    assert "See SunPower’s server first." in told[1] and "plugged" not in "".join(told)
    settings.update(config, {"collector.stand_in": "on"})       # the owner lets this box answer
    for name in ("collector", "redirect"):
        Heartbeat(name, roof).beat(active=True)
    (text,) = [text for text, _ in banners(owner)]
    assert "Nothing to do: this box answers it now" in text


def test_a_second_fault_is_not_the_internets_while_sunpowers_server_answers(
        owner: Visitor, roof: Path, config: Path, clock: FixedClock) -> None:
    Heartbeat("capture", roof).beat(interface="lo", wire={
        "started": 0, "tries": [], "unanswered": 0, "addresses": [], "answered": Clock().steady()[1] - 90,
        "unanswered_since": None})
    Heartbeat("supervisor", roof).beat(clock_is_set=False)
    with closing(store.connect(roof)) as derived, derived:
        pauses.begin(derived, servertime.read(derived, clock), pauses.NETWORK, "no way there", 600)
    told = [text for text, _ in banners(owner)]
    assert "The time is a guess" in told[0] and "plugged in" not in "".join(told)
    assert all("your router is online" in text for text in told)


def test_the_router_is_unplugged(owner: Visitor, roof: Path, config: Path, clock: FixedClock) -> None:
    with closing(store.connect(roof)) as derived, derived:
        pauses.begin(derived, servertime.read(derived, clock), pauses.NETWORK, "no way there", 600)
    first(owner, "PVOutput cannot be reached: no way there. The next try is in 10 minutes", "wait",
          "Everything is kept here, and posting goes on by itself.",
          "is the cable between this box and your router plugged in")
    assert "the next try is in" in owner.get("/pvoutput").text
    assert owner.send("/pvoutput", "/pvoutput/now").status_code == 302     # Try now
    carry_out(roof, config)
    assert "the next try is in" not in owner.get("/pvoutput").text and banners(owner) == []


@pytest.mark.parametrize(("words", "name"), [("Invalid API Key", "pvoutput.api_key"),
                                             ("Invalid System ID", "pvoutput.system_id")])
def test_key_or_system_id_is_wrong(owner: Visitor, roof: Path, config: Path, clock: FixedClock, words: str,
                                   name: str) -> None:
    with closing(store.connect(roof)) as derived, derived:
        account.refuse(derived, servertime.read(derived, clock), main_target(settings.load(config)), words)
    assert "/settings#pvoutput" in first(
        owner, f"PVOutput refuses to take anything: “{words}”.", "Copy the API key and the system id anew")
    assert 'href="/settings#pvoutput">Check API key and system id' in owner.get("/pvoutput").text
    page = owner.get("/settings").text
    assert f'name="{name}"' in page and ">Test</button>" in page
    new = {"pvoutput.enabled": "on", "pvoutput.api_key": "n" * 40, "pvoutput.system_id": "54321"}
    assert owner.send("/settings", "/settings/pvoutput", **new).status_code == 302
    with closing(store.connect(roof)) as derived, derived:
        account.note_change(derived, settings.load(config))     # as the recorder does before it posts
    assert banners(owner) == []


def test_the_card_is_full(owner: Visitor, roof: Path, config: Path, clock: FixedClock,
                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(total=32 * 10**9, free=0, writable=True))
    clock.move(5 * 3600)        # nothing new was kept since
    assert first(owner, "The card is full, so new readings are not kept", "use a larger one") == []
    told = owner.get("/notices").text       # though the recorder cannot write it down
    assert "The card is full" in told and "Nothing needs you" not in told
    assert "Nothing heard" not in told      # nobody can tell: what came was not kept
    assert told.index("The card is full") < told.index("No report of your SunPower box was kept for 5 hours")
    assert "See Storage first." in told and "look at SunPower box" not in told


def test_what_the_database_says_of_a_full_card_is_said_in_our_words(owner: Visitor, roof: Path) -> None:
    """In the minutes in which a database is refused room already, and the card does not count as full yet."""
    Heartbeat("capture", roof).beat(interface="lo", problem=f"{roof}/inbox.sqlite3: database or disk is full")
    assert first(owner, "SunPower box: nothing can be kept while the card is full.", "See Storage first.") == []
    assert "sqlite3" not in owner.get("/").text


def test_a_page_without_a_history_does_not_name_its_file_on_a_full_card(owner: Visitor, roof: Path,
                                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")
    monkeypatch.setattr(energy, "now", full)
    answer = owner.get("/")
    assert answer.status_code == 503 and "The card is full. Storage on the Diagnostics page" in answer.text
    assert "sqlite3" not in answer.text


def test_on_the_image_a_full_card_is_copied_to_a_larger_one(owner: Visitor, roof: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(total=32 * 10**9, free=0, writable=True))
    monkeypatch.setattr(image_problems, "on_image", lambda: True)
    first(owner, "The card is full", "copy the whole card to a larger one")


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "Nothing was saved: the card is full."),
                                               (errno.EROFS, "Nothing was saved: this box cannot write its settings.")])
def test_settings_that_cannot_be_written_say_what_to_do(owner: Visitor, roof: Path, number: int, words: str,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))
    monkeypatch.setattr(file, "write_atomic", refuse)
    for page, to, form in (("/welcome/site", "/welcome/site", {"site.timezone": "UTC", "site.size_w": "1"}),
                           ("/welcome/server", "/welcome/server", {"stand_in": "auto"}),
                           ("/settings", "/settings/store", {"store.keep_inbox_days": "30"}),
                           ("/settings", "/settings/tokens/make", {"name": "reader"})):
        answer = owner.send(page, to, **form)
        assert answer.status_code in (422, 503) and words in answer.text, to
        assert "cannot be written (" not in answer.text, to


def test_settings_are_not_changed_while_the_file_has_an_error(owner: Visitor, roof: Path, config: Path) -> None:
    token = owner.token("/settings")
    config.write_text("[site")
    answer = owner.client.post("/welcome/server", data={"csrf_token": token, "stand_in": "auto"})
    assert "Nothing was saved: the settings file has an error." in answer.text
    assert "The settings file has an error" in owner.get("/diagnostics").text and config.read_text() == "[site"


def test_the_time_is_not_known(owner: Visitor, roof: Path, data_dir: Path) -> None:
    Heartbeat("supervisor", data_dir).beat(clock_is_set=False)
    first(owner, "The time is a guess", "gets the time from the internet", "is its cable to your router plugged in")


def test_sunpowers_server_is_gone(owner: Visitor, roof: Path, data_dir: Path, config: Path) -> None:
    steady = Clock().steady()[1]
    Heartbeat("capture", data_dir).beat(interface="lo", wire={
        "started": steady - 9999, "tries": [], "unanswered": 9, "addresses": [], "answered": None,
        "unanswered_since": steady - collector.OPEN_AFTER_S - 60})
    links = first(owner, "SunPower’s server has left your SunPower box without an answer", "answer in its place")
    assert links == ["/settings#collector"]
    assert "Answer in its place while it does not" in owner.get("/settings").text
    assert owner.send("/settings", "/settings/collector", **{"collector.stand_in": "auto"}).status_code == 302
    assert first(owner, "SunPower’s server has given no answer", "This box takes over by itself.") == []


def test_an_inverter_is_dead(owner: Visitor, guest: Visitor, data_dir: Path, config: Path) -> None:
    roof = Roof()
    fill(data_dir, settings.load(config), roof.uploads(TODAY - timedelta(days=3), 1), NOON)
    for day in (2, 1):
        roof.dead = {SERIALS[4]}
        fill(data_dir, settings.load(config), roof.uploads(TODAY - timedelta(days=day), 1), NOON)
    fill(data_dir, settings.load(config), roof.uploads(TODAY, 1, until=NOON - 20), NOON)
    shown = unescape(owner.get("/diagnostics").text)
    assert re.search(rf'warn">Check</span></strong>\s*<span class="what">Inverter {SERIALS[4]} makes next to no', shown)
    assert owner.get("/healthz").status_code == 200
    words = f"Inverter {SERIALS[4]} made next to nothing on May 7 and May 8", "If it is the only one, no switch helps"
    assert first(owner, *words) == ["/notices"]     # before the recorder's look
    assert words[0] in owner.get("/notices").text and "usual for it on these two days" in banners(owner)[0][0]
    assert f"Inverter {SERIALS[4]} makes next to nothing" in banners(guest)[0][0]   # who is told no notice
    assert LOG_IN not in guest.get("/").text        # and misses nothing
    take_down(data_dir, config)
    assert first(owner, *words) == ["/notices"] and len(banners(owner)) == 1
    told = owner.get("/notices").text
    assert f"Inverter {SERIALS[4]} made next to nothing" in told and "Nothing needs you" not in told
    assert f"Inverter {SERIALS[4]} made next to nothing" in shown
    assert "give your installer this serial number" in shown
    name = rf'title="{SERIALS[4]}"><a href="/panels/{SERIALS[4]}">[^<]*</a>'
    tile = re.search(rf"{name}<strong>([^<]*)", owner.get("/").text)
    assert tile and tile[1] == "no output"
    assert SERIALS[4] in owner.get(f"/panels/{SERIALS[4]}").text


def test_the_meter_counts_the_other_way(owner: Visitor, guest: Visitor, roof: Path, data_dir: Path,
                                        config: Path) -> None:
    settings.update(config, {"site.net_sign": "-"})
    carry_out(data_dir, config)
    wrong = owner.get("/api/v1/days?from=2026-05-08&to=2026-05-08").json["days"][0]
    shown = owner.get("/diagnostics").text
    assert "the grid meter seems to count the other way than the settings say" in shown
    assert LOG_IN in guest.get("/").text and LOG_IN not in guest.get("/day/2026-05-08").text
    assert 'Turn the direction of the grid meter under <a href="/settings#site">Settings › Site</a>' in shown
    page = owner.get("/settings").text
    assert "Turn it if “Used” looks wrong" in page and "nothing on the wall is turned" in page
    assert "It counts up when you buy" in page
    form = {"site.timezone": "America/Los_Angeles", "site.size_w": str(PEAK_W), "site.net_sign": "+"}
    assert owner.send("/settings", "/settings/site", **form).status_code == 302
    carry_out(data_dir, config)
    right = owner.get("/api/v1/days?from=2026-05-08&to=2026-05-08").json["days"][0]
    assert (right["import_dwh"], right["export_dwh"]) == (wrong["export_dwh"], wrong["import_dwh"])


def test_the_password_is_forgotten(app: Flask, guest: Visitor, roof: Path) -> None:
    shown = guest.send("/login", password="not it").text
    assert "That is not the password." in shown and "Lost the password" in shown
    assert "make an empty file named <code>reset-password</code>" in shown
    subprocess.run([sys.executable, "-m", "appliance.cli", "reset-password", "--data-dir", str(roof)], check=True,
                   capture_output=True)     # as the boot does it where that file lies (security/test_reset.py)
    assert "/welcome/" in guest.get("/login").headers["Location"]
    page = guest.get("/welcome/").text
    assert "History and settings are still here" in page and "Step 1" not in page
    new = {"password": PASSWORD + "!", "again": PASSWORD + "!"}
    assert guest.send("/welcome/", **new).headers["Location"] == "/"


def test_a_first_password_leads_on_through_the_first_visit(guest: Visitor, roof: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the box has recorded for a while before anybody opened the page."""
    (roof / "web-auth.json").unlink()
    monkeypatch.setattr(claim, "CLAIM_S", math.inf)     # it was plugged in just now
    assert "Step 1" in guest.get("/welcome/").text
    new = {"password": PASSWORD, "again": PASSWORD}
    assert guest.send("/welcome/", **new).headers["Location"] == "/welcome/listen"


def test_the_port_is_another_programs(owner: Visitor, config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        form = {"web.host": "127.0.0.1", "web.port": str(other.getsockname()[1])}
        answer = owner.send("/settings", "/settings/web", **form)
    assert answer.status_code == 422 and "Nothing was saved: 1 field below needs another look." in answer.text
    assert 'id="web-port-error">Another program uses this port: choose another one.' in answer.text


def test_a_strangers_box_reports(owner: Visitor, guest: Visitor, data_dir: Path, config: Path, roof: Path) -> None:
    assert LOG_IN not in guest.get("/").text
    before = owner.get("/api/v1/days?from=2026-05-08&to=2026-05-08").json
    start = int(datetime(2026, 5, 8, 12, tzinfo=Roof().zone).timestamp())
    with closing(inbox.connect(data_dir)) as received:
        inbox.append(received, [heard(day_of(start, 300, "414050000000999"), int(NOON) - 60, FORGER_MAC, STRANGER)],
                     Arrival(CAPTURE, ROUTER))
    carry_out(data_dir, config)
    text = owner.get("/").text
    assert f"A second SunPower box reports here: {STRANGER}." in text and 'href="/senders/">Is it yours?' in text
    assert LOG_IN in guest.get("/").text and STRANGER not in guest.get("/").text and LOG_IN not in text
    assert owner.get("/api/v1/days?from=2026-05-08&to=2026-05-08").json == before
    assert "Is it yours?" in owner.get("/notices").text
    page = owner.get("/senders/").text
    assert "compare the serial number with the label on your SunPower box" in page
    number = re.search(r'value="(\d+)"><input type="hidden" name="decision" value="aside"><button[^>]*>Not mine', page)
    assert number
    assert owner.send("/senders/", "/senders/sender", id=number[1], decision="aside").status_code == 302
    carry_out(data_dir, config)
    assert "Is it yours?" not in owner.get("/").text and LOG_IN not in guest.get("/").text
    assert "Is it yours?" not in owner.get("/notices").text
