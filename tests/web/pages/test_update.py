"""The update button's form: a file is handed over whole, or the page says why not."""
import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings
from appliance.health import news, system_age
from appliance.health.news import News
from appliance.update import requested
from tests.pvoutput.odd import odd_server
from tests.update.conftest import LISTED, RUNNING, debian, keys, make_bundle, make_index
from tests.update.test_look import ok
from tests.web.conftest import NOON, Visitor
from webui.pages.update import FETCHING

__all__ = ["debian", "keys", "make_bundle", "make_index"]
Maker = Callable[..., Path]


@pytest.fixture
def image(app: Flask) -> None:
    """As on the SD-card image."""
    app.config["UPDATES"] = True


def upload(owner: Visitor, content: bytes, name: str = "suntap.suntap-update") -> str:
    """Send an update file; what the settings page then says."""
    answer = owner.send("/settings", "/settings/update", file=(io.BytesIO(content), name))
    return answer.text if answer.status_code != 302 else owner.get("/settings").text


def test_a_system_without_releases_says_how_to_update_instead(owner: Visitor, data_dir: Path) -> None:
    text = owner.get("/settings").text
    assert "update that folder" in text and 'id="update-file"' not in text
    assert "installs no update files" in upload(owner, b"x")
    assert not requested.handover(data_dir).folder.exists()


def test_a_debian_package_is_updated_by_apt(owner: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webui.handovers.PACKAGED", tmp_path)
    assert "sudo apt install ./suntap_VERSION_ARCH.deb" in owner.get("/settings").text


def test_a_file_is_handed_over_and_asked_for(owner: Visitor, image: None, data_dir: Path) -> None:
    assert "begins in a moment" in upload(owner, b"a bundle" * 1000)
    handover = requested.handover(data_dir)
    assert handover.state().name == "asked"
    with handover.claim() as file:
        assert file.read() == b"a bundle" * 1000
    handover.report(None, "Checking the file.")
    assert "Checking the file." in owner.get("/settings").text and 'id="update-file"' not in owner.get("/settings").text
    assert "X-Again" not in owner.get("/settings/update/state").headers
    assert "Another update is under way" in upload(owner, b"another")
    handover.report(False, "the signature is <not> this box's maker's")
    assert "signature is &lt;not&gt;" in owner.get("/settings").text
    assert owner.get("/settings/update/state").headers["X-Again"] == "1"


def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(owner: Visitor, image: None, data_dir: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webui.pages.update.MAX_BUNDLE", 1 << 20)
    assert "Larger than 1 MiB" in upload(owner, bytes((1 << 20) + 1))
    assert requested.handover(data_dir).state().name == "idle"
    assert list(requested.handover(data_dir).folder.iterdir()) == []


def test_a_form_without_a_file_asks_for_one(owner: Visitor, image: None) -> None:
    owner.send("/settings", "/settings/update")
    assert "Choose an update file first." in owner.get("/settings").text


def test_a_data_directory_that_cannot_be_written_is_a_sentence(owner: Visitor, image: None, data_dir: Path) -> None:
    requested.handover(data_dir).folder.write_text("in the way")
    assert "could not be stored" in upload(owner, b"x")


def test_where_there_is_no_room_nothing_is_stored_and_the_form_says_how_much_there_is(
        owner: Visitor, image: None, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert f'data-most="{requested.MAX_BUNDLE}"' in owner.get("/settings").text
    monkeypatch.setattr("webui.handovers.FULL_BYTES", 1 << 60)
    text = owner.get("/settings").text
    assert 'id="update-file" name="file" type="file" required data-most="0"' in text
    assert "for which this card has room now" in text
    monkeypatch.setattr(requested, "FULL_BYTES", 1 << 60)
    assert "The file was not stored: not enough room on the data partition" in upload(owner, b"x")
    assert list(requested.handover(data_dir).folder.iterdir()) == []


def test_an_earlier_card_says_how_to_come_to_two_slots(app: Flask, owner: Visitor, tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_age, "IMAGE", tmp_path / "suntap-image")
    (tmp_path / "suntap-image").write_text("built=2026-04-30\n")
    text = owner.get("/settings").text
    assert "This card was written before suntap could renew the whole system." in text
    assert 'id="update-file"' not in text


def test_the_restarts_are_said_while_it_is_under_way(owner: Visitor, image: None, data_dir: Path) -> None:
    upload(owner, b"x")
    requested.handover(data_dir).claim().close()
    requested.handover(data_dir).report(None, "Version 0.2.0 is written. The box restarts and tries it.")
    text = owner.get("/settings").text
    assert "The box restarts and tries it." in text and "This box restarts once, and again if" in text
    assert "your SunPower box stays online" not in text


@pytest.fixture
def card(app: Flask, image: None, debian: Path, keys: tuple[Path, Path], tmp_path: Path,
         monkeypatch: pytest.MonkeyPatch) -> Path:
    """As on a card that lacks a fix, with the maker's key."""
    app.config["UPDATE_KEY"] = keys[1]
    monkeypatch.setattr(system_age, "IMAGE", tmp_path / "suntap-image")
    (tmp_path / "suntap-image").write_text(f"built=2026-04-30\ndebian=2026-04-29\nversion={RUNNING}\n")
    return debian


def given(owner: Visitor, content: bytes) -> str:
    """Give a list; what the settings page then says."""
    owner.send("/settings", "/settings/update/check", file=(io.BytesIO(content), "a file"))
    return owner.get("/settings").text


def test_the_age_of_the_system_is_on_both_pages(owner: Visitor, card: Path) -> None:
    text = owner.get("/settings").text
    assert "The system that it runs on (Debian) is 10 days old." in text and "fixes up to 29 Apr 2026" in text
    assert "built on 30 Apr 2026, with Debian’s security fixes up to 29 Apr 2026" in owner.get("/diagnostics").text


def test_a_list_by_hand_shows_what_is_missing(owner: Visitor, card: Path, make_index: Maker, data_dir: Path) -> None:
    text = given(owner, make_index("99.0.0").read_bytes())
    assert "This box lacks 1 security fix of Debian, by the list of 8 May 2026." in text
    assert "<code>openssl</code> 3.5.4-1 → 3.5.4-1+deb13u1" in text and "The newest update file has them." in text
    assert "There is a newer suntap: 99.0.0" in text and "Fetch and install" not in text
    assert not requested.handover(data_dir).folder.exists()
    card.write_text(card.read_text().replace("3.5.4-1", LISTED["openssl"]))
    assert "This box has every security fix of Debian" in given(owner, make_index().read_bytes())


def test_a_list_that_is_refused_says_why_and_keeps_what_was_known(owner: Visitor, card: Path, data_dir: Path) -> None:
    news.write(data_dir, News(debian="2026-05-01", count=3))
    assert "This file cannot be compared: no list of security fixes" in given(owner, b"openssl 1.0")
    assert news.read(data_dir).count == 3
    owner.send("/settings", "/settings/update/check")
    assert "Choose a list of security fixes or an update file first." in owner.get("/settings").text


def test_the_address_is_off_until_it_is_entered_and_checked_as_the_file_is(owner: Visitor, card: Path,
                                                                           config: Path) -> None:
    assert settings.load(config).update.url == ""
    owner.send("/settings", "/settings/update/address", url="ftp://example.org/")
    assert "Enter the address of a folder" in owner.get("/settings").text and settings.load(config).update.url == ""
    owner.send("/settings", "/settings/update/address", url=" https://example.org/suntap ")
    assert settings.load(config).update.url == "https://example.org/suntap/"
    owner.send("/settings", "/settings/update/address", url="")
    assert settings.load(config).update.url == ""


def test_what_went_wrong_at_the_address_is_shown(owner: Visitor, card: Path, config: Path, data_dir: Path) -> None:
    settings.update(config, {"update.url": "http://192.0.2.7/"})
    news.write(data_dir, News(url="http://192.0.2.7/", tried=int(NOON), problem="the <server> did not answer"))
    assert "the &lt;server&gt; did not answer" in owner.get("/settings").text


def offered(config: Path, data_dir: Path, url: str, version: str = "99.0.0") -> None:
    settings.update(config, {"update.url": url})
    news.write(data_dir, News(url=url, tried=int(NOON), made=1, debian="2026-05-08", version=version, is_newer=True,
                              running=RUNNING, bundle=f"suntap-{version}-arm64.suntap-update"))


def test_the_offered_version_is_fetched_and_asked_for(owner: Visitor, card: Path, make_bundle: Maker, config: Path,
                                                      data_dir: Path) -> None:
    content = make_bundle("99.0.0").read_bytes()
    with odd_server(ok(content)) as (url, asked):
        offered(config, data_dir, url)
        assert "Fetch and install 99.0.0" in owner.get("/settings").text
        assert not asked
        owner.send("/settings", "/settings/update/fetch", version="99.0.0")
        for thread in threading.enumerate():
            if thread.name.startswith("update-fetch"):
                thread.join(30)
    assert asked[0].startswith(b"GET /service/r2/suntap-99.0.0-arm64.suntap-update ")
    handover = requested.handover(data_dir)
    assert handover.state().name == "asked" and handover.file.read_bytes() == content


@pytest.mark.parametrize("wrong", ["version", "address", "busy", "no image"])
def test_what_is_not_offered_or_not_possible_is_not_fetched(app: Flask, owner: Visitor, card: Path, config: Path,
                                                            data_dir: Path, wrong: str) -> None:
    with odd_server(ok(b"x")) as (url, asked):
        offered(config, data_dir, url)
        token = owner.token("/settings")
        if wrong == "address":
            settings.update(config, {"update.url": "http://127.0.0.1:1/"})
        app.config["UPDATES"] = wrong != "no image"
        busy = wrong == "busy" and FETCHING.acquire(blocking=False)
        try:
            owner.client.post("/settings/update/fetch", data={
                "csrf_token": token, "version": "98.0.0" if wrong == "version" else "99.0.0"})
        finally:
            if busy:
                FETCHING.release()
        text = owner.get("/settings").text
    words = {"busy": "Another update is under way", "no image": "installs no update files"}
    assert words.get(wrong, "not offered any more") in text and not asked


@pytest.mark.parametrize("path", ["check", "address", "fetch"])
def test_a_guest_does_none_of_it(guest: Visitor, path: str, config: Path) -> None:
    before = config.read_text()
    answer = guest.send("/login", f"/settings/update/{path}", url="http://192.0.2.9/")
    assert answer.status_code == 302 and "/login" in answer.headers["Location"] and config.read_text() == before
