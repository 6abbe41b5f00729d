"""What PVOutput's replies mean: one line of text and a status become a typed outcome.

Every outcome is named by what must happen next; the caller never looks at status codes or texts again.
Rules: PVOutput API r2 as summed up in the project's reply table. What is not in the table is read so that
nothing is lost and nothing is hammered: an unknown 400 is about the rows sent (they are set aside one by one
with the server's words), an unknown 401 or 403 about the settings, and whatever does not look like PVOutput at
all (HTML, a redirect, 5xx) is trouble on the way.
"""
import re
from dataclasses import dataclass
from enum import Enum

from appliance.pvoutput.reply_fields import one_line


class Kind(Enum):
    """Why PVOutput refuses a value: rows of one kind share a cause and its cure (cures.py)."""

    NIGHT = "night"             # generation while it is dark there
    POWER = "power"             # more than the system's size makes possible
    DAY_ENERGY = "day energy"   # likewise of a day
    EARLY_ENERGY = "early energy"   # likewise by this time of the morning
    LOWER = "lower"             # energy below what it holds of an earlier time of the day
    LIMIT = "limit"             # any other value that is too high
    FIELD = "field"             # a value that it cannot read
    EXTENDED = "extended"       # v7 to v12 are not switched on for this system
    OTHER = "other"


KINDS: tuple[tuple[str, Kind], ...] = (
    (r"moon powered", Kind.NIGHT),
    (r"power value \[.*too high for system size", Kind.POWER),
    (r"energy value \[.*too high for system size", Kind.DAY_ENERGY),
    (r"energy value \[.*too high for", Kind.EARLY_ENERGY),
    (r"lower than previously recorded", Kind.LOWER),
    (r"too high|cannot exceed", Kind.LIMIT),
    (r"extended", Kind.EXTENDED),
    (r"could not read|invalid .*value", Kind.FIELD),
)


def kind_of(text: str) -> Kind:
    """The kind of a refusal, by its words."""
    return next((kind for pattern, kind in KINDS if re.search(pattern, text, re.IGNORECASE)), Kind.OTHER)


@dataclass(frozen=True)
class Accepted:
    """200. `text` is the reply."""

    text: str


@dataclass(frozen=True)
class QuotaExceeded:
    """No request until the quota's window is over: `reset` (Unix time), None where the server did not say."""

    text: str
    reset: float | None


@dataclass(frozen=True)
class SettingsRefused:
    """The owner must act: wrong, disabled or read-only key, wrong system. `text` is the server's."""

    text: str


@dataclass(frozen=True)
class PlanRefused:
    """Only with a donation: fall back to what free accounts may do."""

    text: str


@dataclass(frozen=True)
class Busy:
    """The server still loads the last batch: the same again in 20 to 30 s."""

    text: str


@dataclass(frozen=True)
class ClockRefused:
    """The server takes a row for a future one."""

    text: str


@dataclass(frozen=True)
class Expired:
    """The day is older than the server accepts."""

    text: str


@dataclass(frozen=True)
class NothingStored:
    """No status or output for what was asked: an empty answer, not a failure."""

    text: str


@dataclass(frozen=True)
class RowRefused:
    """A value is not accepted. In a batch one such row refuses all the others."""

    text: str

    @property
    def kind(self) -> Kind:
        return kind_of(self.text)


@dataclass(frozen=True)
class NothingChanged:
    """The server holds all of these rows already, or took none of them: it does not say which."""

    text: str


@dataclass(frozen=True)
class OurBug:
    """A request that suntap should never have made."""

    text: str


@dataclass(frozen=True)
class NetworkTrouble:
    """Nothing is known about what the server did: the same again later."""

    text: str


Refusal = (QuotaExceeded | SettingsRefused | PlanRefused | Busy | ClockRefused | Expired | NothingStored
           | NothingChanged | RowRefused | OurBug | NetworkTrouble)
Outcome = Accepted | Refusal

PREFIX = re.compile(r"^[A-Za-z ]*\d{3}\s*:\s*")
HTML = re.compile(r"\s*<")
TABLE: tuple[tuple[int, str, type], ...] = (
    (403, r"exceeded", QuotaExceeded),
    (429, r"", QuotaExceeded),
    (403, r"donation", PlanRefused),
    (401, r"", SettingsRefused),
    (403, r"", SettingsRefused),
    (405, r"", OurBug),
    (400, r"load in progress", Busy),
    (400, r"future", ClockRefused),
    (400, r"date is older than|date is too far in the past|too old", Expired),
    (400, r"no statuses? (added|updated)", NothingChanged),
    (400, r"no (status|outputs?) found", NothingStored),
    (400, r"missing date or time|missing energy and power|invalid net and cumulative", OurBug),
    (400, r"(invalid|disabled|inactive) (api key|system id)|inactive api key", SettingsRefused),
    (400, r"", RowRefused),
)


def classify(status: int, body: str, reset: float | None = None) -> Outcome:
    """The outcome of one reply: HTTP `status`, decoded `body`, `reset` from the rate headers."""
    if HTML.match(body):
        return NetworkTrouble(f"HTTP {status} with a web page instead of PVOutput's answer")
    text = one_line(body)
    if status == 200:
        return Accepted(body.strip()) if text else NetworkTrouble("an empty reply")
    reason = PREFIX.sub("", text) or f"HTTP {status}"
    for code, pattern, outcome in TABLE:
        if code == status and re.search(pattern, text, re.IGNORECASE):
            return outcome(reason, reset) if outcome is QuotaExceeded else outcome(reason)
    return NetworkTrouble(f"HTTP {status}: {reason}")
