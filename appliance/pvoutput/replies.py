"""What PVOutput's replies mean: one line of text and a status become a typed outcome.

Every outcome is named by what must happen next; the caller never looks at status codes or texts again.
Rules: PVOutput API r2 as summed up in the project's reply table. What is not in the table is read so that
nothing is lost and nothing is hammered: an unknown 400 is about the rows sent (they are set aside one by one
with the server's words), an unknown 401 or 403 about the settings, and whatever does not look like PVOutput at
all (HTML, a redirect, 5xx) is trouble on the way.
"""
import re
from dataclasses import dataclass

MAX_TEXT = 300  # characters of a server's reason that are kept


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


@dataclass(frozen=True)
class OurBug:
    """A request that suntap should never have made."""

    text: str


@dataclass(frozen=True)
class NetworkTrouble:
    """Nothing is known about what the server did: the same again later."""

    text: str


class Unreadable(Exception):
    """A reply of 200 that is not what the service documents: trouble on the way, one line for the owner."""


Refusal = (QuotaExceeded | SettingsRefused | PlanRefused | Busy | ClockRefused | Expired | NothingStored
           | RowRefused | OurBug | NetworkTrouble)
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
    (400, r"date is older than", Expired),
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


def one_line(text: str) -> str:
    """A server's words as they may be stored and shown: printable, on one line, not too long."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_TEXT]


def batch_answers(text: str) -> dict[tuple[str, str], bool] | None:
    """{(yyyymmdd, hh:mm): changed} from a batch's reply, or None where it speaks of the whole batch only.

    A row cut off in the middle is left out: it was not confirmed.
    """
    if text.upper().startswith("OK 200"):
        return None
    rows = (row.strip().split(",") for row in text.split(";"))
    return {(row[0], row[1]): row[2] == "1" for row in rows if len(row) == 3 and row[2] in ("0", "1")}


@dataclass(frozen=True)
class System:
    """What getsystem tells: size in W, status interval in seconds, IANA zone ("" if none), plan."""

    name: str
    size_w: int
    interval_s: int
    zone: str
    donor: bool


INTERVALS = {"5": 300, "10": 600, "15": 900}  # minutes as sent → seconds
INSTALL_DATE = 12                             # its field; latitude, longitude and the interval follow


def parse_system(text: str) -> System | None:
    """getsystem's answer to tz=1&donations=1; None where it is none.

    A name may itself contain commas, and the fields between interval and zone are not always there: so the fields
    are found by what they look like (install date, two numbers, 5, 10 or 15), the zone as the last one with letters.
    """
    sections = text.split(";")
    fields = [field.strip() for field in sections[0].split(",")]
    install = next((at for at in range(INSTALL_DATE, len(fields) - 3)
                    if re.fullmatch(r"\d{8}|NaN", fields[at]) and fields[at + 3] in INTERVALS
                    and all(re.fullmatch(r"-?\d+(\.\d*)?|NaN", field) for field in fields[at + 1:at + 3])), None)
    if install is None or not re.fullmatch(r"\d{1,9}", fields[install - INSTALL_DATE + 1]):
        return None
    name = ",".join(fields[:install - INSTALL_DATE + 1])
    zone = fields[-1] if re.search("[A-Za-z]", fields[-1]) and fields[-1] not in ("NaN", "null") else ""
    donations = sections[-1].strip() if len(sections) > 1 else ""
    return System(one_line(name), int(fields[install - INSTALL_DATE + 1]), INTERVALS[fields[install + 3]],
                  zone[:64], bool(re.fullmatch(r"\d{1,6}", donations)) and int(donations) > 0)


def parse_history(text: str) -> dict[str, dict[str, int]]:
    """getstatus h=1: {"hh:mm": {"v1": Wh, "v2": W, "v3": Wh, "v4": W}}, what is NaN left out."""
    history: dict[str, dict[str, int]] = {}
    for row in text.split(";"):
        fields = row.strip().split(",")
        if len(fields) < 9:
            continue
        values = {name: _whole(fields[at]) for name, at in (("v1", 2), ("v2", 4), ("v3", 7), ("v4", 8))}
        history[fields[1]] = {name: value for name, value in values.items() if value is not None}
    return history


def parse_outputs(text: str) -> dict[str, dict[str, int]]:
    """getoutput: {"yyyy-mm-dd": {"v1": Wh generated, "v3": Wh consumed}}, what is NaN left out."""
    outputs: dict[str, dict[str, int]] = {}
    for row in text.split(";"):
        fields = row.strip().split(",")
        if len(fields) < 5 or not re.fullmatch(r"\d{8}", fields[0]):
            continue
        values = {"v1": _whole(fields[1]), "v3": _whole(fields[4])}
        day = f"{fields[0][:4]}-{fields[0][4:6]}-{fields[0][6:]}"
        outputs[day] = {name: value for name, value in values.items() if value is not None}
    return outputs


def _whole(text: str) -> int | None:
    return int(text.split(".")[0]) if re.fullmatch(r"-?\d{1,12}(\.\d{0,9})?", text) else None
