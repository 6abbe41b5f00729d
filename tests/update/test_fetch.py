"""The offered update comes from the address to root's side, in bounds; what else the address gives is refused."""
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.health.news import News
from appliance.system.handover import Handover
from appliance.update import fetch, requested
from tests.pvoutput.odd import odd_server
from tests.update.conftest import Box, make_key
from tests.update.test_look import ok, static

Maker = Callable[..., Path]


def offer(version: str) -> News:
    return News(version=version, bundle=f"suntap-{version}-arm64.suntap-update")


@pytest.fixture
def page(box: Box) -> Handover:
    return requested.handover(box.data)


def fetched(page: Handover, url: str, key: Path, news: News) -> str:
    """What the page tells afterwards."""
    fetch.begin(page, news)
    assert page.state().under_way and news.bundle in page.state().text
    fetch.fetch(url, key, news, page)
    return f"{page.state().name}: {page.state().text}"


def test_the_offered_update_is_handed_over_and_installed(box: Box, page: Handover, make_bundle: Maker,
                                                         keys: tuple[Path, Path], tmp_path: Path) -> None:
    web = tmp_path / "web"
    web.mkdir()
    make_bundle("0.9.0").rename(web / offer("0.9.0").bundle)
    with static(web) as url:
        assert fetched(page, url, keys[1], offer("0.9.0")) == "asked: "
    requested.carry_out(page, box.installer(), keys[1], "0.1.0", "arm64")
    box.restart()
    assert box.card.version == "0.9.0"


@pytest.mark.parametrize("given", ["0.8.0", "0.0.1"])
def test_another_version_than_the_offered_one_is_refused(page: Handover, make_bundle: Maker, keys: tuple[Path, Path],
                                                         given: str) -> None:
    with odd_server(ok(make_bundle(given).read_bytes())) as (url, _):
        told = fetched(page, url, keys[1], offer("0.9.0"))
    assert f"gave version {given} where 0.9.0 was offered" in told and not page.file.exists()


def test_what_is_not_the_makers_never_reaches_root(page: Handover, make_bundle: Maker, keys: tuple[Path, Path],
                                                   tmp_path: Path) -> None:
    other, _ = make_key(tmp_path, "other")
    with odd_server(ok(make_bundle("0.9.0", key=other).read_bytes())) as (url, _):
        told = fetched(page, url, keys[1], offer("0.9.0"))
    assert "signature" in told and told.startswith("failed") and not page.file.exists()


@pytest.mark.parametrize(("reply", "words"), [
    (ok(b"<html>Log in</html>" * 100), "no update file"), (ok(b"x" * 100, length=9999), "ended in the middle"),
    (b"HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "redirect"),
    (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "answers with 500"), (b"", "without an answer")])
def test_other_answers_are_one_line_and_change_nothing(page: Handover, keys: tuple[Path, Path], reply: bytes,
                                                       words: str) -> None:
    with odd_server(reply) as (url, _):
        told = fetched(page, url, keys[1], offer("0.9.0"))
    assert told.startswith("failed") and words in told and told.endswith("Nothing was changed")
    assert sorted(path.name for path in page.folder.iterdir()) == ["result.json"]


def test_a_huge_answer_is_stored_no_further_than_its_bound(page: Handover, keys: tuple[Path, Path],
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_BUNDLE", 1 << 20)
    with odd_server(ok(b"", length=1 << 40), b"x" * 65536, drip=0.0001) as (url, _):
        assert "larger than 1 MiB" in fetched(page, url, keys[1], offer("0.9.0"))
    assert sorted(path.name for path in page.folder.iterdir()) == ["result.json"]


def test_an_answer_that_drips_ends_in_time(page: Handover, keys: tuple[Path, Path],
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "FETCH_S", 0.5)
    with odd_server(ok(b"", length=1 << 20), b"x", drip=0.05) as (url, _):
        assert "too slowly" in fetched(page, url, keys[1], offer("0.9.0"))


def test_the_page_hears_how_far_it_is(page: Handover, make_bundle: Maker, keys: tuple[Path, Path],
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "TOLD_BYTES", 2000)
    told: list[str] = []
    report = page.report
    monkeypatch.setattr(Handover, "report", lambda self, ok, text: (told.append(text), report(ok, text))[1])
    with odd_server(ok(make_bundle("0.9.0").read_bytes())) as (url, _):
        fetch.fetch(url, keys[1], offer("0.9.0"), page)
    assert told == [f"Fetching {offer('0.9.0').bundle}: 0 MiB."] and page.state().name == "asked"


def test_where_there_is_no_room_nothing_is_stored(page: Handover, make_bundle: Maker, keys: tuple[Path, Path],
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requested, "FULL_BYTES", 1 << 60)
    with odd_server(ok(make_bundle("0.9.0").read_bytes())) as (url, _):
        told = fetched(page, url, keys[1], offer("0.9.0"))
    assert "not enough room" in told and told.endswith("Nothing was changed") and not page.file.exists()
