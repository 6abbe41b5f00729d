"""How old the system of this box is: the file that image/build.sh leaves in the SD-card image. Nothing elsewhere.

Other systems are renewed by their own package manager; the card's is as it was built until an update writes a newer
one.
"""
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from appliance import __version__
from appliance.health.finding import OK, WARN, Finding
from appliance.health.notices import KINDS, Notice

IMAGE = Path("/etc/suntap-image")
MAX_BYTES = 4096
OLD_DAYS = 120          # Debian mends something that a box in a house needs about once a month
MONTH_DAYS = 30.44


@dataclass(frozen=True, slots=True)
class System:
    """The day of the image, of the Debian security state in it where it is known, and the version of the whole."""

    built: date
    debian: date | None
    version: str = ""       # of the whole system, on cards with two slots: suntap's, "+", and the day

    def age_days(self, now: float) -> int:
        """Days since Debian was as it is here; 0 while the clock is not set."""
        return max(0, (datetime.fromtimestamp(now, UTC).date() - (self.debian or self.built)).days)

    def to_json(self, now: float) -> dict[str, Any]:
        """As `suntap status --json` gives it."""
        return {"built": self.built.isoformat(), "debian": self.debian.isoformat() if self.debian else None,
                "age_days": self.age_days(now)}


def read(path: Path | None = None) -> System | None:
    """Read what the image says of itself; None where there is none, or it cannot be read."""
    try:
        text = (path or IMAGE).read_bytes()[:MAX_BYTES].decode("ascii", "replace")
        facts = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        return System(date.fromisoformat(facts["built"]),
                      date.fromisoformat(facts["debian"]) if facts.get("debian") else None, facts.get("version", ""))
    except (OSError, ValueError, KeyError):
        return None


def version() -> str:
    """What is held against an update's version: that of the whole system on cards with two slots, else suntap's."""
    system = read()
    return system.version if system and system.version else __version__


def is_earlier_card() -> bool:
    """Whether this card has one slot for the system: it was written before suntap could renew the whole of it."""
    system = read()
    return system is not None and not system.version


def sentence(system: System, now: float) -> str:
    """The age in an owner's words."""
    days = system.age_days(now)
    months = round(days / MONTH_DAYS)
    age = f"{days} day{'s' * (days != 1)}" if months < 2 else f"{months} months"
    state = f"Debian's security fixes up to {system.debian} are in it" if system.debian else "by the maker of its image"
    return f"This box's system is {age} old: built on {system.built}, {state}."


def notices(system: System | None, now: float) -> list[Notice]:
    """What the owner should know about an old system, and about a card whose system no update renews."""
    found = []
    if system is not None and not system.version:
        found.append(Notice("earlier card", "This card was written before suntap could renew the whole system: no "
                                            "update file is for it any more."))
    if system is not None and system.age_days(now) > OLD_DAYS:
        found.append(Notice("old system", sentence(system, now)))
    return found


def finding(system: System, now: float) -> Finding:
    """For `suntap doctor`."""
    old = system.age_days(now) > OLD_DAYS
    return Finding("system", WARN if old else OK, sentence(system, now), KINDS["old system"][1] if old else "")
