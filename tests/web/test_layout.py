"""Error pages: a history that cannot be read is no bug, and costs the pages that need it only."""
import json
import re
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings, store
from appliance.health.finding import OK, WARN, Finding
from appliance.system.heartbeat import Heartbeat
from tests.web.conftest import Visitor, cookie_of
from tests.web.pages.test_api import check
from webui import layout


@pytest.fixture(params=["no database", "flipped pages"])
def damaged(request: pytest.FixtureRequest, roof: Path) -> Path:
    """The data directory with a history that SQLite refuses: as a whole, or when it comes to the tables."""
    with sqlite3.connect(roof / "suntap.sqlite3") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray((roof / "suntap.sqlite3").read_bytes())
    start = 0 if request.param == "no database" else 4096
    content[start:] = b"\xa5" * (len(content) - start)
    (roof / "suntap.sqlite3").write_bytes(content)
    return roof


@pytest.mark.parametrize("path", ["/", "/history", "/pvoutput"])
def test_a_page_says_that_its_history_is_damaged_and_what_to_do(owner: Visitor, damaged: Path, path: str) -> None:
    answer = owner.get(path)
    assert answer.status_code == 503
    assert "suntap.sqlite3" in answer.text and "restart suntap: it sets a damaged file aside" in answer.text


@pytest.mark.parametrize("path", ["/api/v1/now", "/api/v1/days", "/api/v1/slots"])
def test_so_does_the_api(owner: Visitor, damaged: Path, path: str) -> None:
    answer = owner.get(path)
    assert answer.status_code == 503
    assert "restart suntap: it sets a damaged file aside" in check(answer, path)["error"]


@pytest.mark.parametrize("path", ["/diagnostics", "/diagnostics/lamps", "/settings", "/api/v1/status"])
def test_what_tells_how_the_box_is_needs_no_history(owner: Visitor, damaged: Path, path: str) -> None:
    assert owner.get(path).status_code == 200


def test_the_inbox_is_shown_without_a_history(owner: Visitor, damaged: Path) -> None:
    assert "SMS2DataCollector.aspx" in owner.get("/diagnostics").text


def test_a_wrong_statement_is_a_bug_and_says_nothing_of_the_disk(app: Flask, owner: Visitor) -> None:
    def wrong() -> str:
        return str(sqlite3.connect(":memory:").execute("SELECT nothing").fetchall())

    app.view_functions["dashboard.today"] = wrong
    answer = owner.get("/")
    assert answer.status_code == 500 and "cannot be read" not in answer.text


def lit(*names: str) -> list[Finding]:
    return [Finding(name, WARN, f"About {name}.", "Look under Settings › History.") for name in names]


def test_a_cause_stands_before_its_effects() -> None:
    found = [*lit("capture", "decode", "upload", "clock", "disk", "later"), Finding("box", OK, "All is well.")]
    found.append(Finding("decode", WARN, "Inverter 7 makes too little.", device="7"))      # its notice says so
    named = ["disk", "clock", "capture", "decode", "upload", "later"]
    assert [lamp.name for lamp in layout.causes(found, owner=True)] == named
    assert sum(lamp.name == "decode" for lamp in layout.causes(found, owner=False)) == 2      # a guest reads no notice


def test_advice_leads_the_owner_to_the_place_and_a_guest_through_the_login(
        app: Flask, owner: Visitor, guest: Visitor, data_dir: Path) -> None:
    with app.test_request_context("/"):
        assert layout.advice("See Settings › Site & <b>.") == (
            'See <a href="/login?next=/settings%23site">Settings › Site</a> &amp; &lt;b&gt;.')
    with app.test_request_context("/", headers={"Cookie": f"suntap={cookie_of(owner)}"}):
        assert layout.advice("Raise it under Settings › History, `now`.") == (
            'Raise it under <a href="/settings#store">Settings › History</a>, <code>now</code>.')
        assert 'href="/diagnostics"' in layout.advice("The log on the Diagnostics page has more.")
    assert 'href="/settings#pvoutput"' in owner.get("/diagnostics").text


def test_the_lamps_have_the_owners_names(guest: Visitor, roof: Path) -> None:
    text = guest.get("/live").text
    for name in ("SunPower box", "Inverters", "PVOutput", "Clock", "Storage"):
        assert f"<span>{name} <span class=\"state" in text
    assert text.count(' class="state ') == text.count("<li>") >= 5
    assert "Decode" not in text and "supervisor process" not in text


@pytest.mark.parametrize(("posting", "word"), [(False, "Off"), (True, "Waiting")])
def test_posting_that_is_off_and_posting_that_has_not_begun_are_two_words(guest: Visitor, roof: Path, config: Path,
                                                                          posting: bool, word: str) -> None:
    with closing(store.connect(roof)) as derived, derived:
        derived.execute("UPDATE outbox SET state = 'waiting'")
    Heartbeat("supervisor", roof).beat()
    settings.update(config, {"pvoutput.enabled": posting, "pvoutput.api_key": "k" * 40, "pvoutput.system_id": "1"})
    assert f'PVOutput <span class="state unknown">{word}</span>' in guest.get("/live").text


def test_a_note_below_a_value_stands_after_a_blank_so_that_both_are_read_aloud_and_copied_apart() -> None:
    templates = list((Path(layout.__file__).parent / "templates").rglob("*.html"))
    notes = [found for path in templates for found in re.findall(r".?<span class=\"note", path.read_text(), re.DOTALL)]
    assert len(notes) > 15 and {found[0] for found in notes} <= {" ", "\n"}


def test_every_icon_of_the_manifest_is_there(guest: Visitor) -> None:
    icons = json.loads(guest.get("/static/manifest.json").text)["icons"]
    assert {icon["sizes"] for icon in icons} == {"any", "180x180", "512x512"}
    for icon in icons:
        data = guest.get(f"/static/{icon['src']}").data
        if icon["type"] == "image/png":
            wide, high = struct.unpack(">II", data[16:24])
            assert data.startswith(b"\x89PNG") and f"{wide}x{high}" == icon["sizes"]
    assert "apple-touch-icon" in guest.get("/login").text
