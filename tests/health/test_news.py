"""What is known of updates is kept in a file that may be damaged, and told in an owner's words."""
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from appliance.health import news
from appliance.health.news import Fix, News
from tests.health.support import NOW

URL = "http://192.0.2.7/"
SOME = News(made=1, debian="2026-05-08", count=5, fixes=tuple(Fix(f"p{n}", "1", "2") for n in range(5)))


def kinds(found: News, url: str = "") -> list[str]:
    return [notice.kind for notice in news.notices(found, url, NOW)]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    news.write(tmp_path, SOME)
    assert news.read(tmp_path) == SOME


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"7", b"{" * 9999, b"\xff", b'{"made": "x"}', b"x" * 99999])
def test_a_damaged_file_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / news.FILE).write_bytes(content)
    assert news.read(tmp_path) == news.read(tmp_path / "none") == News()


def test_a_file_with_a_wrong_kind_of_value_is_none(tmp_path: Path) -> None:
    for name in asdict(SOME):
        (tmp_path / news.FILE).write_text(json.dumps({**asdict(SOME), name: None}))
        assert news.read(tmp_path) == News(), name
    news.write(tmp_path, replace(SOME, debian="2026-05-32"))        # the page writes it as a day
    assert news.read(tmp_path) == News()


def test_missing_fixes_are_counted_and_three_are_named() -> None:
    assert news.sentence(SOME) == ("This system lacks 5 security fixes of Debian, by the list of 2026-05-08: p0 1 → 2, "
                                   "p1 1 → 2, p2 1 → 2 and 2 more.")
    assert "lacks 1 security fix of Debian" in news.sentence(News(debian="x", count=1, fixes=SOME.fixes[:1]))
    assert news.sentence(News(debian="2026-05-08")).startswith("This system has every security fix of Debian")
    assert kinds(SOME) == ["fixes"] and kinds(News()) == []


def test_a_version_is_offered_to_the_one_that_it_was_held_against() -> None:
    from appliance import __version__
    assert kinds(News(version="99", running=__version__, is_newer=True)) == ["newer"]
    assert kinds(News(version="99", running="0.0.1", is_newer=True)) == []      # installed since
    assert kinds(News(version="99", running=__version__)) == []


def test_a_silent_address_is_told_after_two_weeks_and_only_while_it_is_the_owners() -> None:
    silent = News(url=URL, tried=NOW, heard=NOW - news.UNHEARD_S - 1, problem="the connection was refused")
    assert kinds(silent, URL) == ["no news"] and kinds(silent, "") == kinds(silent, "http://192.0.2.8/") == []
    assert kinds(News(url=URL, tried=NOW, heard=NOW - 3600, problem="x"), URL) == []


def test_a_list_that_nobody_renews_is_told() -> None:
    old = News(url=URL, tried=NOW, heard=NOW, made=NOW - 61 * 86400, debian="2026-03-09")
    assert kinds(old, URL) == ["no news"] and "61 days old" in news.notices(old, URL, NOW)[0].text
    assert kinds(old) == [] and kinds(News(url=URL, heard=NOW, made=NOW - 59 * 86400), URL) == []


def test_what_was_missing_is_forgotten_once_packages_were_installed(tmp_path: Path,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "STATUS", tmp_path / "status")
    (tmp_path / "status").touch()
    news.write(tmp_path, replace(SOME, installed=news.installed_at()))
    assert news.read(tmp_path).count == 5
    os.utime(tmp_path / "status", ns=(1, 1))
    assert (news.read(tmp_path).count, news.read(tmp_path).fixes, news.read(tmp_path).made) == (0, (), 1)
