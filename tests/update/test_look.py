"""The address is asked in bounds, and whatever a lying server does is one line that the owner reads."""
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from appliance import __version__
from appliance.health.news import News
from appliance.system.clock import Clock
from appliance.update import fixes, look
from appliance.update.bundle import UpdateError
from tests.pvoutput.odd import odd_server
from tests.update.conftest import MADE, NOON, make_key

Maker = Callable[..., Path]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def static(folder: Path) -> Iterator[str]:
    """A static web directory; yields its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def ok(content: bytes, length: int | None = None) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(content) if length is None else length) + content


@pytest.fixture
def problem(debian: Path, keys: tuple[Path, Path], clock: Clock) -> Callable[..., str]:
    """problem(reply, ...): what is told of a server that replies so; what was known before stays."""
    def ask(*reply: bytes, before: News | None = None, drip: float = 0.0) -> str:
        before = before or News(made=5, version="0.5.0", debian="2026-01-01", count=7)
        with odd_server(*reply, drip=drip) as (url, _):
            news = look.at(url, keys[1], before, clock)
        assert (news.made, news.version, news.count) == (before.made, before.version, before.count)
        assert news.failures == 1 and news.tried == NOON and "\n" not in news.problem and len(news.problem) < 250
        return news.problem
    return ask


def test_a_static_directory_tells_of_a_newer_version_and_of_missing_fixes(
        debian: Path, make_index: Maker, keys: tuple[Path, Path], clock: Clock) -> None:
    with static(make_index("99.0.0").parent) as url:
        news = look.at(url, keys[1], News(), clock)
    assert news.problem == "" and news.offered == "99.0.0" and news.bundle == "suntap-99.0.0-arm64.suntap-update"
    assert news.count == 1 and str(news.fixes[0]) == "openssl 3.5.4-1 → 3.5.4-1+deb13u1"
    assert (news.heard, news.tried, news.failures) == (NOON, NOON, 0)
    assert 0.8 * look.DAY_S <= news.next - NOON <= 1.2 * look.DAY_S


@pytest.mark.parametrize("version", [__version__, "0.0.1"])
def test_a_version_that_is_not_newer_is_not_offered(debian: Path, make_index: Maker, keys: tuple[Path, Path],
                                                    clock: Clock, version: str) -> None:
    news = look.from_file(make_index(version), keys[1], News(), clock)
    assert news.offered == "" and news.count == 1


def test_a_list_that_is_replayed_is_refused(make_index: Maker, problem: Callable[..., str]) -> None:
    newer = News(made=MADE + 1, version="0.9.0", debian="2026-05-09", count=0)
    assert "is older than the one that was here before" in problem(ok(make_index().read_bytes()), before=newer)


def test_a_wrong_signature_is_refused(make_index: Maker, problem: Callable[..., str], tmp_path: Path) -> None:
    other, _ = make_key(tmp_path, "other")
    assert "signature" in problem(ok(make_index(key=other).read_bytes()))


@pytest.mark.parametrize(("facts", "words"), [
    ({"architecture": "amd64"}, "is for amd64, this box is arm64"), ({"suite": "bookworm"}, "is for Debian bookworm")])
def test_a_list_for_another_system_is_refused(make_index: Maker, problem: Callable[..., str],
                                              facts: dict[str, str], words: str) -> None:
    assert words in problem(ok(make_index(**facts).read_bytes()))


def test_a_truncated_answer_is_refused(make_index: Maker, problem: Callable[..., str]) -> None:
    content = make_index().read_bytes()
    assert "ended in the middle" in problem(ok(content[:1500], length=len(content)))
    assert "only a part of one" in problem(ok(content[:1500]))


def test_a_huge_answer_is_read_no_further_than_its_bound(make_index: Maker, problem: Callable[..., str],
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "MAX_INDEX", 2 << 20)
    content = make_index().read_bytes()
    first = content[:512].replace(b"index.json", b"other.json")
    text = f"{90 << 20:011o}".encode()
    plain = bytearray(first)
    plain[124:135] = text
    plain[148:156] = b" " * 8
    plain[148:156] = b"%06o\0 " % sum(plain)
    assert "larger than 2 MiB" in problem(ok(bytes(plain), length=1 << 30), b"x" * 65536, drip=0.0001)


def test_an_answer_that_drips_ends_in_time(problem: Callable[..., str], make_index: Maker,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "LOOK_S", 0.5)
    content = make_index().read_bytes()
    assert "too slowly" in problem(ok(content[:100], length=len(content)), b"x", drip=0.05)


@pytest.mark.parametrize(("reply", "words"), [
    (b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n", "redirect"),
    (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "answers with 404"),
    (ok(b"<!DOCTYPE html><title>Log in</title>" + b" " * 600), "web page (a login?)"),
    (ok(b"\n <html>" + b" " * 600), "web page (a login?)"),
    (ok(b""), "no list of security fixes"), (ok(bytes(2048)), "no list of security fixes is in it"),
    (ok(b"\xff" * 4096), "no list of security fixes"),
    (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "packed its reply"),
    (b"", "closed without an answer")])
def test_other_answers_are_one_line(problem: Callable[..., str], reply: bytes, words: str) -> None:
    assert words in problem(reply)


def test_an_address_that_is_off_is_left_alone_ever_longer(debian: Path, keys: tuple[Path, Path], clock: Clock) -> None:
    news, waits = News(), []
    for _ in range(8):
        news = look.at("http://127.0.0.1:1/", keys[1], news, clock)
        waits.append(news.next - NOON)
    assert "refused" in news.problem and news.failures == 8
    assert 0.8 * 3600 <= waits[0] <= 1.2 * 3600 and 0.8 * look.DAY_S <= waits[-1] <= 1.2 * look.DAY_S


def test_when_it_is_due() -> None:
    url = "http://192.0.2.7/"
    news = News(url=url, tried=1000, next=90_000)
    assert not look.is_due(News(), "", 0)
    assert look.is_due(News(), url, 0) and look.is_due(news, "http://192.0.2.8/", 2000)
    assert not look.is_due(news, url, 89_999) and look.is_due(news, url, 90_000)
    assert look.is_due(news, url, 1000 - look.DAY_S - 1)    # the clock was far ahead when it was tried


def test_a_file_by_hand_keeps_what_is_known_of_the_address(debian: Path, make_index: Maker, keys: tuple[Path, Path],
                                                           clock: Clock, tmp_path: Path) -> None:
    before = News(url="http://192.0.2.7/", tried=5, problem="x")
    news = look.from_file(make_index(), keys[1], before, clock)
    assert (news.url, news.tried, news.problem, news.debian) == ("http://192.0.2.7/", 5, "x", "2026-05-08")
    with pytest.raises(UpdateError, match="No such file"):
        look.from_file(tmp_path / "none", keys[1], before, clock)


def test_many_fixes_are_counted_and_the_first_are_kept(debian: Path, make_index: Maker, keys: tuple[Path, Path],
                                                       clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    here = {f"p{number:03}": (f"p{number:03}", "1") for number in range(100)}
    monkeypatch.setattr(fixes, "installed", lambda: here)
    monkeypatch.setattr(fixes, "is_older", lambda version, than: True)
    news = look.from_file(make_index(listed=dict.fromkeys(here, "2")), keys[1], News(), clock)
    assert news.count == 100 and len(news.fixes) == 40 and news.fixes[0].package == "p000"
