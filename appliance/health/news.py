"""What is known of newer versions and of missing security fixes: one small file in the data directory.

appliance/update writes it, from an index that is signed; the page, `suntap status` and the notices read it.
"""
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from appliance.health import system_age
from appliance.health.notices import Notice
from appliance.system.files import write_atomic

FILE = "updates.json"
STATUS = Path("/var/lib/dpkg/status")   # Debian's packages here
MAX_BYTES = 65536
SHOWN = 40              # fixes that are kept with their names
NAMED = 3               # in a notice
UNHEARD_S = 14 * 86400  # without an answer of the address: told
STALE_DAYS = 60         # a list that is older: told


class Fix(NamedTuple):
    """A package of Debian that is older here than its newest security fix."""

    package: str
    here: str
    newest: str

    def __str__(self) -> str:
        return f"{self.package} {self.here} → {self.newest}"


@dataclass(frozen=True)
class News:
    """Times in UTC seconds; 0 and "" where nothing is known.

    `made`: of the newest index, whose `version`, `bundle` and `debian` (the day of its list) these are; `running`: the
    version that it was held against, `is_newer` says how. `count` fixes were missing, `fixes` are the first of them,
    when the packages were those of `installed` (installed_at()).
    Of the address `url`: when it was `tried`, and is to be asked `next`; `failures` in a row, and the `problem`;
    `heard`: its last good answer, or when it was asked first.
    """

    made: int = 0
    version: str = ""
    bundle: str = ""
    debian: str = ""
    running: str = ""
    is_newer: bool = False
    checked: int = 0
    installed: int = 0
    count: int = 0
    fixes: tuple[Fix, ...] = field(default=())
    url: str = ""
    tried: int = 0
    heard: int = 0
    next: int = 0
    failures: int = 0
    problem: str = ""

    @property
    def offered(self) -> str:
        """The newer version that the maker offers; "" for none."""
        return self.version if self.is_newer and self.running == system_age.version() else ""


def read(data_dir: Path) -> News:
    """Read the file; News() if there is none that can be used."""
    try:
        with open(data_dir / FILE, "rb") as file:
            found = json.loads(file.read(MAX_BYTES))
        default = News()
        if set(found) != set(asdict(default)) or any(
                type(found[name]) is not type(value) for name, value in asdict(default).items() if name != "fixes"):
            return default
        news = News(**{**found, "fixes": tuple(Fix(*map(str, fix)) for fix in found["fixes"][:SHOWN])})
        if news.debian:
            date.fromisoformat(news.debian)
        if news.installed and news.installed != installed_at():     # packages were installed since
            news = replace(news, debian="", count=0, fixes=())
        return news
    except (OSError, ValueError, TypeError, RecursionError):
        return News()


def installed_at() -> int:
    """Return when a package was last installed or removed, in ns; 0 where that is not known."""
    try:
        return STATUS.stat().st_mtime_ns
    except OSError:
        return 0


def write(data_dir: Path, news: News) -> None:
    """Replace the file. Raises OSError."""
    write_atomic(data_dir / FILE, json.dumps(asdict(news)).encode())


def notices(news: News, url: str, now: float) -> list[Notice]:
    """What the owner should know. `url`: the address in the settings; "" for none."""
    found = []
    if news.count:
        found.append(Notice("fixes", sentence(news)))
    if news.offered:
        found.append(Notice("newer", f"There is a newer suntap: {news.offered}."))
    if url and news.url == url and news.problem and now - news.heard > UNHEARD_S:
        found.append(Notice("no news", f"The update address has given no useful answer for two weeks: {news.problem}."))
    elif url and news.url == url and news.made and now - news.made > STALE_DAYS * 86400:
        found.append(Notice("no news", f"The newest list of the update address is {int(now - news.made) // 86400} days "
                            "old: nobody seems to renew it."))
    return found


def sentence(news: News, named: int = NAMED) -> str:
    """How many fixes are missing, and the first of them."""
    if not news.count:
        return f"This system has every security fix of Debian, by the list of {news.debian}."
    more = news.count - min(named, len(news.fixes))
    names = ", ".join(str(fix) for fix in news.fixes[:named]) + (f" and {more} more" if more else "")
    what = "1 security fix" if news.count == 1 else f"{news.count} security fixes"
    return f"This system lacks {what} of Debian, by the list of {news.debian}: {names}."
