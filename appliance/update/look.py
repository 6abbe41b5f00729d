"""A look at an index: what is newer, which fixes are missing. By hand from a file, or daily at the owner's address.

The address is not believed, only the key: what comes from there is bounded in bytes and seconds, and is looked at once
its signature is right. An index older than the newest that this box has seen is refused, so a server that keeps news
back is told from one that has none.
"""
import random
from dataclasses import replace
from pathlib import Path

from appliance.health import news as known_news
from appliance.health import system_age
from appliance.health.news import SHOWN, News
from appliance.system import http
from appliance.system.clock import Clock
from appliance.system.http import Trouble
from appliance.system.plain_tar import Readable
from appliance.update import fixes, index
from appliance.update.bundle import UpdateError
from appliance.update.index import MAX_INDEX, Index

DAY_S = 86400
FIRST_WAIT_S = 3600         # after a failure; doubled with each further one, up to DAY_S
JITTER = 0.2                # of every wait: boxes do not ask all at once
LOOK_S = 120.0              # for the whole index
ANOTHER = "Download suntap-ARCH.index or the update file again from the release page, and give that file."
WORDS = {
    Trouble.TLS: "TLS failed: the server's certificate could not be verified",
    Trouble.UNREACHABLE: "the server could not be reached in time",
    Trouble.SILENT: "the server did not answer in time",
    Trouble.NO_NAME: "the server's name could not be resolved",
    Trouble.REFUSED: "the connection was refused",
    Trouble.SLOW: "the answer came too slowly",
    Trouble.HALF: "the answer ended in the middle",
    Trouble.CLOSED: "the connection failed or was closed without an answer",
}


class _Bounded:
    """Reads at most `most` bytes, and says when a web page comes instead of a file of ours."""

    def __init__(self, source: Readable, most: int) -> None:
        self._source, self._left, self._first = source, most, True

    def read(self, size: int, /) -> bytes:
        data = self._source.read(size)
        if self._first and data.lstrip()[:1] == b"<":
            raise UpdateError("the address answers with a web page (a login?), not with suntap's list")
        self._first = False
        self._left -= len(data)
        if self._left < 0:
            raise UpdateError(f"the answer is larger than {MAX_INDEX >> 20} MiB: this is no list of suntap")
        return data


def from_file(path: Path, public_key: Path, before: News, clock: Clock) -> News:
    """Look at the index, or the one in the update file, at `path`. Raises UpdateError."""
    try:
        with open(path, "rb") as file:
            return from_stream(file, public_key, before, clock)
    except UpdateError as error:
        raise UpdateError(f"{path}: {error}. {ANOTHER}") from error
    except OSError as error:
        raise UpdateError(f"{error.filename or path}: {error.strerror or error}") from error


def from_stream(source: Readable, public_key: Path, before: News, clock: Clock) -> News:
    """As from_file(), for an open file."""
    return judge(*index.read(source, public_key), before, clock)


def judge(found: Index, listed: dict[str, str], before: News, clock: Clock) -> News:
    """Hold a list against this system; `before` is what was known. Raises UpdateError if it is not for this one."""
    here, suite = fixes.architecture(), fixes.suite()
    if found.architecture != here:
        raise UpdateError(f"the list is for {found.architecture}, this box is {here}")
    if found.suite != suite:
        raise UpdateError(f"the list is for Debian {found.suite}, this system is {suite or 'none of Debian'}")
    if found.made < before.made:
        raise UpdateError(f"the list of {found.debian} is older than the one that was here before")
    lacking, running = fixes.missing(fixes.installed(), listed), system_age.version()
    # Where Debian is renewed on its own, the day in a system's version makes no newer suntap.
    newest = found.version if "+" in running else found.version.partition("+")[0]
    return replace(before, made=found.made, version=newest, bundle=found.bundle, debian=found.debian,
                   running=running, is_newer=fixes.is_older(running, newest),
                   checked=int(clock.time()), installed=known_news.installed_at(), count=len(lacking),
                   fixes=tuple(lacking[:SHOWN]))


def at(url: str, public_key: Path, before: News, clock: Clock) -> News:
    """Ask the address once, and say when to ask again. Raises nothing but bugs: a failure is the news' `problem`."""
    now = int(clock.time())
    if before.url != url:
        before = replace(before, url=url, failures=0, heard=now, problem="")
    try:
        news, problem = _ask(url, public_key, before, clock), ""
    except UpdateError as error:
        news, problem = before, str(error)
    failures = before.failures + 1 if problem else 0
    wait = min(DAY_S, FIRST_WAIT_S * 2 ** min(failures - 1, 10)) if problem else DAY_S
    return replace(news, tried=now, heard=before.heard if problem else now, problem=problem, failures=failures,
                   next=now + int(wait * random.uniform(1 - JITTER, 1 + JITTER)))


def is_due(news: News, url: str, now: float) -> bool:
    """Whether the address is to be asked now. A clock that was set back does not keep it from being asked."""
    return bool(url) and (news.url != url or not news.tried - DAY_S <= now < news.next)


def _ask(url: str, public_key: Path, before: News, clock: Clock) -> News:
    try:
        with http.download(url + index.name(fixes.architecture()), LOOK_S) as answer:
            refuse_status(answer)
            return from_stream(_Bounded(answer, MAX_INDEX), public_key, before, clock)
    except http.NoAnswer as error:
        raise UpdateError(words(error)) from None


def refuse_status(answer: http.Body) -> None:
    """Raises UpdateError for an answer that is none of use."""
    if 300 <= answer.status < 400:
        raise UpdateError("the address sends elsewhere (redirect): enter the address where the files are")
    if answer.status != 200:
        raise UpdateError(f"the address answers with {answer.status}: there is no such file, or it is not public")


def words(error: http.NoAnswer) -> str:
    """Why there is no answer, in one line."""
    line = WORDS.get(error.trouble) or " ".join(error.detail.split())
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:200]


def remember(data_dir: Path, news: News) -> None:
    """Keep the news for the page. Raises UpdateError."""
    try:
        known_news.write(data_dir, news)
    except OSError as error:
        raise UpdateError(f"the result could not be kept: {error.strerror}") from error
