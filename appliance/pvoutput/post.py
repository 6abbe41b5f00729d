"""Posting statuses: which rows go into one request, and what its answer makes of them."""
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from appliance.ledger.cadence import status_interval
from appliance.pvoutput import account, answers, bisect, outbox, persisted, replies
from appliance.pvoutput.client import Client, Reply
from appliance.pvoutput.rows import Values, cumulative, place, wire
from appliance.pvoutput.servertime import Now
from appliance.settings import Settings

LIVE_S = 3600             # a row so young is live even when its day is over: the last one before midnight
UNCHANGED_TRIES = 2       # "nothing changed" is believed from the second time on
HOLD_S = 3600.0           # rows that the server took for future ones


@dataclass(frozen=True)
class Row:
    """An outbox row that waits."""

    time: int
    day: str
    values: Values
    attempts: int
    reason: str


def waiting(conn: sqlite3.Connection, condition: str, parameters: Mapping[str, object]) -> list[Row]:
    """Rows that wait, ascending; `condition` is SQL over outbox's columns with named parameters."""
    return [Row(time, day, (v1, v2, v3, v4), attempts, reason)
            for time, day, v1, v2, v3, v4, attempts, reason in conn.execute(
            "SELECT time, day, v1, v2, v3, v4, attempts, reason FROM outbox"
            f" WHERE state = 'waiting' AND {condition} ORDER BY time", parameters)]


@dataclass(frozen=True)
class Post:
    """Send `rows` of one local day, ascending. `suspects`: the search for a bad row that this is a part of."""

    settings: Settings
    rows: list[Row]
    interval_s: int
    most: int
    suspects: tuple[int, ...] = ()

    @property
    def what(self) -> str:
        return f"sending {len(self.rows)} rows of {self.rows[0].day}"

    def _wire(self) -> list[dict[str, str]]:
        zone = ZoneInfo(self.settings.site.timezone)
        return [wire(row.time, row.values, zone, self.interval_s) for row in self.rows]

    def count(self, conn: sqlite3.Connection) -> None:
        """The rows' values are about to be put on the wire."""
        conn.executemany("UPDATE outbox SET attempts = attempts + 1 WHERE time = ?",
                         [(row.time,) for row in self.rows])

    def send(self, client: Client) -> Reply:
        c1 = cumulative(self.rows[0].values, self.settings.pvoutput.energy == "lifetime")
        rows = self._wire()
        return client.addstatus(rows[0], c1) if len(rows) == 1 else client.addbatchstatus(list(rows), c1)

    def accepted(self, conn: sqlite3.Connection, now: Now, text: str) -> str:
        changed_rows = answers.batch_answers(text)
        if changed_rows == {}:
            raise answers.Unreadable("PVOutput's answer to a batch cannot be read")
        zone = ZoneInfo(self.settings.site.timezone)
        done = []
        for row in self.rows:
            changed = True if changed_rows is None else changed_rows.get(place(row.time, zone, self.interval_s))
            if changed or (changed is False and row.attempts + 1 >= UNCHANGED_TRIES):
                done.append((round(now.server or 0), row.time, *row.values))
        conn.executemany("UPDATE outbox SET state = 'sent', reason = '', sent_at = ? WHERE time = ? AND v1 IS ?"
                         " AND v2 IS ? AND v3 IS ? AND v4 IS ? AND state = 'waiting'", done)
        persisted.put(conn, "last_success", round(now.server or 0))
        self._search_on(conn, True, "")
        return f"sent {len(done)} rows of {self.rows[0].day}"

    def refused(self, conn: sqlite3.Connection, now: Now, refusal: replies.Refusal) -> str:
        match refusal:
            case replies.Expired():
                outbox.expire_days(conn, refusal.text, day=self.rows[0].day)
            case replies.PlanRefused():
                account.revoke_donation(conn)
                if len(self.rows) <= account.BATCH_ROWS[False]:  # a limit that we do not know
                    self._search_on(conn, False, refusal.text)
            case replies.ClockRefused():
                persisted.put(conn, "held", {"from": self.rows[0].time, "until": (now.server or 0) + HOLD_S,
                                         "text": refusal.text})
            case replies.OurBug():
                self._set_aside(conn, [row.time for row in self.rows], refusal.text)
            case _:
                self._search_on(conn, False, refusal.text)
        return f"refused: {refusal.text}"

    def failed(self, conn: sqlite3.Connection, now: Now) -> None:
        """The rows go on waiting."""

    def _search_on(self, conn: sqlite3.Connection, accepted: bool, text: str) -> None:
        """Take the answer into the search for the bad row, or begin or end one."""
        times = [row.time for row in self.rows]
        if not self.suspects:
            bisect.batch_ended(conn, len(times), self.most, accepted)
            if accepted:
                return
            left = times
        else:
            left = bisect.narrow(self.suspects, times, accepted)
            text = text or bisect.text(conn)
        if len(left) == 1:
            self._set_aside(conn, left, text)
        if len(left) > 1:
            bisect.begin(conn, left, text)
        else:
            bisect.end(conn)

    def _set_aside(self, conn: sqlite3.Connection, times: Sequence[int], text: str) -> None:
        conn.executemany("UPDATE outbox SET state = 'refused', reason = ? WHERE time = ? AND state = 'waiting'"
                         " AND attempts > 0", [(text, time) for time in times])


def live(conn: sqlite3.Connection, settings: Settings, server: float, today: str, interval_s: int,
         most: int) -> Post | None:
    """Rows of today, and before them of the day that ended within the hour.

    Ascending within the day, as always: a corrected day may have fallen, and PVOutput compares a row with the
    earlier ones that it holds; with c1 the first row to arrive sets the day's zero.
    """
    rows = _sendable(conn, server, "(day = :day OR time >= :young)", day=today, young=server - LIVE_S)
    if not rows:
        return None
    day = rows[0].day
    if day == _suspects_day(conn):
        return trial(conn, settings, interval_s, most)
    return _post(conn, settings, _sendable(conn, server, "day = :day", day=day), interval_s, most)


def backlog(conn: sqlite3.Connection, settings: Settings, server: float, interval_s: int,
            most: int) -> Post | None:
    """The oldest day's rows first: they expire first."""
    (oldest,) = conn.execute("SELECT MIN(day) FROM outbox WHERE state = 'waiting' AND time < ?",
                             (_horizon(conn, server),)).fetchone()
    return _post(conn, settings, _sendable(conn, server, "day = :day", day=oldest), interval_s, most)


def trial(conn: sqlite3.Connection, settings: Settings, interval_s: int, most: int) -> Post | None:
    """The next step of a search for a bad row."""
    times = bisect.suspects(conn)
    if not times:
        return None
    rows = [row for row in waiting(conn, "time BETWEEN :first AND :last", {"first": times[0], "last": times[-1]})
            if row.time in times]
    zone = ZoneInfo(settings.site.timezone)
    chosen = bisect.next_trial([wire(row.time, row.values, zone, interval_s) for row in rows], bisect.text(conn))
    return Post(settings, rows[chosen], interval_s, most, tuple(times))


def _suspects_day(conn: sqlite3.Connection) -> str | None:
    times = bisect.suspects(conn)
    row = conn.execute("SELECT day FROM outbox WHERE time = ?", (times[0],)).fetchone() if times else None
    return row[0] if row else None


def _horizon(conn: sqlite3.Connection, server: float) -> float:
    """Rows from this time on must not be sent: they are in the future, or the server just said so."""
    held = persisted.get(conn, "held")
    return min(server, held["from"]) if held and server < held["until"] else server


def _sendable(conn: sqlite3.Connection, server: float, condition: str, **parameters: object) -> list[Row]:
    """Rows that may be sent now: complete by the server's time, not held back, not suspects of a search."""
    suspects = set(bisect.suspects(conn))
    limits = {"horizon": _horizon(conn, server), "interval": status_interval(conn),
              "until": outbox.complete_until(conn, server)}
    rows = waiting(conn, f"time < :horizon AND {outbox.ENDS} <= :until AND {condition}", limits | parameters)
    return [row for row in rows if row.time not in suspects]


def _post(conn: sqlite3.Connection, settings: Settings, rows: list[Row], interval_s: int, most: int) -> Post | None:
    """One request from the first of `rows`: what was refused before goes alone, a batch has one c1."""
    plain = [row for row in rows if not row.reason] or rows[:1]
    if not plain:
        return None
    lifetime = settings.pvoutput.energy == "lifetime"
    c1 = cumulative(plain[0].values, lifetime)
    alike = [row for row in plain if cumulative(row.values, lifetime) == c1]
    return Post(settings, alike[:bisect.batch_rows(conn, most)], interval_s, most)
