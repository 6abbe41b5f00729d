"""What page, status and API read about the posting, and the one question that the page asks itself (check_account).

The only module of this room that webui and health import. Reads only.
"""
import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta

from appliance.pvoutput import account, cures, extended, outbox, pauses, persisted, quota, replies, servertime
from appliance.pvoutput.account_check import AccountCheck, Verdict, check_account
from appliance.pvoutput.reply_fields import System
from appliance.pvoutput.rows import as_text
from appliance.pvoutput.targets import Target, main_target, targets
from appliance.settings import Settings
from appliance.system.clock import Clock

__all__ = ["AccountCheck", "System", "Verdict", "check_account"]

BATCH_ROWS = account.BATCH_ROWS      # that PVOutput takes in one request, by whether the account has donated
WARN_DAYS = 2   # before a row expires
RECENT = "-90 days"     # what went without a value before that is no news
SIZE_ROWS = 3   # so many rows without power, and it is no single mistake: the size is too small


@dataclass(frozen=True)
class DayState:
    """Rows of one local day by state; `total_state` tells of a day too old for rows (totals.py)."""

    day: str
    recorded: int
    sent: int
    waiting: int      # open rows included
    refused: int
    expired: int
    skipped: int
    total_state: str  # "", "new", "missing", "sent", "done", "refused"
    total_reason: str
    system: str = ""  # "" for the site's own
    without: int = 0  # rows that went, or go, without a value (cures.py)
    missing: int | None = None  # rows that PVOutput lacked when it was asked what it holds; None: not asked yet
    checked: int = 0    # 1: nothing was missing, or it was asked often enough


@dataclass(frozen=True)
class Refused:
    """A row that PVOutput did not take, `reason` in its words, `advice` what to do. Values in Wh, W, Wh, W."""

    time: int
    day: str
    v1: int | None
    v2: int | None
    v3: int | None
    v4: int | None
    reason: str
    system: str = ""

    @property
    def advice(self) -> str:
        return cures.ADVICE[replies.kind_of(self.reason)]


@dataclass(frozen=True)
class SentRow:
    """A row with the values that went, or will go, to PVOutput: `values` are texts by name ("v1": "9877"), `withheld`
    says what it went without and why."""

    time: int
    state: str
    values: dict[str, str]
    withheld: str
    sent_at: int | None
    reason: str


@dataclass(frozen=True)
class Unsent:
    """The oldest row that waits; `last_day` is the last local date on which PVOutput takes it."""

    time: int
    day: str
    last_day: date
    expires_soon: bool


@dataclass(frozen=True)
class QuotaView:
    """The hour's requests and why nothing is sent at the moment ("" while something may be)."""

    limit: int
    used: int
    reserve: int
    pause: str
    pause_kind: str
    pause_left_s: float
    returns_s: float | None = None  # until all requests are back; None where the server's time is not known


@dataclass(frozen=True)
class SystemView:
    """One system at PVOutput: what getsystem told, what the owner must change ("" if nothing)."""

    key: str
    system_id: str
    known: System | None
    trouble: str
    devices: tuple[str, ...]
    units: dict[str, str]   # of the values beside energy and power


def day_states(conn: sqlite3.Connection, limit: int = 100) -> list[DayState]:
    """The newest `limit` days that have rows, newest first, one entry for each system."""
    states = ("state = 'sent'", "state IN ('open', 'waiting')", "state = 'refused'", "state = 'expired'",
              "state = 'skipped'")
    sums = ", ".join(f"SUM({state})" for state in states)
    return [DayState(*row) for row in conn.execute(
        f"SELECT outbox.day, COUNT(*), {sums}, COALESCE(total_state, ''), COALESCE(total_reason, ''), outbox.system,"
        " SUM(withheld <> ''), missing, COALESCE(checked, 0)"
        " FROM outbox LEFT JOIN pvoutput_day USING (system, day)"
        " GROUP BY outbox.day, outbox.system ORDER BY outbox.day DESC, outbox.system DESC LIMIT ?", (limit,))]


def refused(conn: sqlite3.Connection, limit: int = 200) -> list[Refused]:
    """Refused rows, newest first."""
    return [Refused(*row) for row in conn.execute(
        "SELECT time, day, v1, v2, v3, v4, reason, system FROM outbox WHERE state = 'refused'"
        " ORDER BY time DESC, system LIMIT ?", (limit,))]


def day_rows(conn: sqlite3.Connection, day: str, system: str = "") -> list[SentRow]:
    """The rows of a local day at one system, ascending."""
    found = []
    for time, state, withheld, sent_at, reason, *values in conn.execute(
            f"SELECT time, state, withheld, sent_at, reason, {outbox.COLUMNS} FROM outbox"
            " WHERE day = ? AND system = ? ORDER BY time", (day, system)):
        texts = {f"v{n}": str(value) if n <= 4 else as_text(value)
                 for n, value in enumerate(values, 1) if value is not None}
        found.append(SentRow(time, state, texts, withheld_words(withheld), sent_at, reason))
    return found


REASONS = {
    "night": "it is night there", "size": "more than the system's size at PVOutput allows",
    "early": "more than PVOutput takes that early", "unread": "PVOutput does not take it",
}
NAMES = {"v1": "energy", "v2": "power", "v3": "energy used", "v4": "power used"}


def withheld_words(withheld: str) -> str:
    """"v2:night" → "without power: it is night there"."""
    words = []
    for part in withheld.split():
        name, _, why = part.partition(":")
        words.append(f"without {NAMES.get(name, name)}: {REASONS.get(why, why)}")
    return "; ".join(words)


def too_small(conn: sqlite3.Connection, settings: Settings) -> list[str]:
    """Said once for a system: PVOutput's size of it is smaller than what the roof makes."""
    lines = []
    for target in targets(settings):
        known = account.known(conn, target)
        (rows,) = conn.execute("SELECT COUNT(*) FROM outbox WHERE day >= (SELECT date(MAX(day), ?) FROM outbox)"
                               " AND system = ? AND withheld LIKE '%:size%'", (RECENT, target.key)).fetchone()
        if known is not None and rows >= SIZE_ROWS:
            which = f"System {target.key}: " if target.key else ""
            lines.append(f"{which}{rows} readings went without the power or energy that PVOutput does not take from a "
                         f"system of {known.system.size_w} W. If your roof is larger, correct its size there, "
                         "then press Retry. If not, energy of days came at once: nothing is to be done.")
    return lines


def systems(conn: sqlite3.Connection, settings: Settings) -> list[SystemView]:
    """Every system that is posted to."""
    found = []
    for target in targets(settings):
        known = account.known(conn, target)
        found.append(SystemView(target.key, target.account.system_id, known.system if known else None,
                                _trouble(conn, target), target.devices, extended.units(target)))
    return found


def value_choices(conn: sqlite3.Connection) -> list[tuple[str, str]]:
    """What v7 to v12 may be set to: (setting's text, words with the unit)."""
    return extended.choices(conn)


def oldest_unsent(conn: sqlite3.Connection, settings: Settings, today: date) -> Unsent | None:
    """The oldest row that waits and when it expires; `today`: the local date."""
    row = conn.execute("SELECT time, day FROM outbox WHERE state = 'waiting' ORDER BY time LIMIT 1").fetchone()
    if row is None:
        return None
    known = account.known(conn, main_target(settings))
    age_limit = known.age_limit if known else account.AGE_LIMIT_DAYS[False]
    last = date.fromisoformat(row[1]) + timedelta(days=age_limit)
    return Unsent(row[0], row[1], last, last - today <= timedelta(days=WARN_DAYS))


def pause(conn: sqlite3.Connection, settings: Settings, clock: Clock) -> pauses.Pause | None:
    """Why nothing is sent, to the site's own system at least; None while something may be."""
    now = servertime.read(conn, clock)
    return pauses.current(conn, now) or pauses.blocked(conn, now, "")


def quota_view(conn: sqlite3.Connection, settings: Settings, clock: Clock) -> QuotaView:
    """Requests used and left, and the pause that holds."""
    now = servertime.read(conn, clock)
    window, held = quota.window(conn, now), pause(conn, settings, clock)
    return QuotaView(window.limit, window.used, settings.pvoutput.reserve, held.text if held else "",
                     held.kind if held else "", held.left_s if held else 0.0,
                     None if now.server is None else quota.seconds_to_next_window(now.server))


def wall_clock_ahead(conn: sqlite3.Connection) -> int | None:
    """Seconds this machine's clock was ahead of PVOutput's at the last reply; None: not known."""
    return servertime.wall_clock_ahead(conn)


def last_success(conn: sqlite3.Connection) -> int | None:
    """When PVOutput last took rows (its Unix time), None before the first time."""
    seconds = persisted.get(conn, "last_success")
    return None if seconds is None else int(seconds)


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Rows of the outbox by state, days whose total was refused, and times (UTC seconds, None where there are none) of
    the oldest row that waits and of the newest answer."""

    by_state: dict[str, int]
    totals_refused: int
    oldest_waiting: int | None
    last_sent: int | None


def row_counts(conn: sqlite3.Connection) -> RowCounts:
    """How far the outbox is. Raises sqlite3.Error."""
    one = conn.execute
    return RowCounts(
        dict(one("SELECT state, count(*) FROM outbox GROUP BY state").fetchall()),
        one("SELECT count(*) FROM pvoutput_day WHERE total_state = 'refused'").fetchone()[0],
        one("SELECT min(time) FROM outbox WHERE state = 'waiting'").fetchone()[0],
        one("SELECT nullif(max(sent_at), 0) FROM outbox").fetchone()[0])


def held(conn: sqlite3.Connection) -> str:
    """PVOutput's words where it took rows for future ones within the last hour, else ""."""
    fact, anchor = persisted.get(conn, "held"), persisted.get(conn, "time")
    return fact["text"] if fact and anchor and anchor["server"] < fact["until"] else ""


def trouble(conn: sqlite3.Connection, settings: Settings) -> str:
    """What the owner must change before everything can be sent: PVOutput's words or the time zones; "" if nothing."""
    for target in targets(settings) or [main_target(settings)]:
        words = _trouble(conn, target)
        if words:
            return f"{target.title}: {words}" if target.title else words
    return ""


def _trouble(conn: sqlite3.Connection, target: Target) -> str:
    return account.trouble(conn, target) or account.mismatch(conn, target)
