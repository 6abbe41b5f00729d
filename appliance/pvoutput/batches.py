"""Posting statuses: which rows go into one request, and what its answer makes of them."""
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.ledger.cadence import slot_seconds
from appliance.pvoutput import account, bisect, cures, outbox, outbox_rows, persisted, replies, reply_fields
from appliance.pvoutput.client import Client, Reply
from appliance.pvoutput.outbox import Row
from appliance.pvoutput.replies import Kind
from appliance.pvoutput.rows import cumulative, place, wire
from appliance.pvoutput.servertime import Now
from appliance.pvoutput.targets import Target

LIVE_S = 3600             # a row so young is live even when its day is over: the last one before midnight
UNCHANGED_TRIES = 2       # "nothing changed", or no word about a row, is believed from the second time on
HOLD_S = 3600.0           # rows that the server took for future ones


@dataclass(frozen=True)
class Post:
    """Send `rows` of one local day, ascending. `suspects`: the search for a bad row that this is a part of."""

    target: Target
    rows: list[Row]
    interval_s: int
    most: int
    suspects: tuple[int, ...] = ()

    @property
    def what(self) -> str:
        return f"sending {len(self.rows)} rows of {self.rows[0].day}"

    @property
    def _times(self) -> list[int]:
        return [row.time for row in self.rows]

    def count(self, conn: sqlite3.Connection) -> None:
        """The rows' values are about to be put on the wire."""
        outbox.count_attempt(conn, self.target.key, self._times)

    def send(self, client: Client) -> Reply:
        c1 = cumulative(self.rows[0].values, self.target.is_lifetime)
        rows = _wire(self.target, self.rows, self.interval_s)
        return client.addstatus(rows[0], c1) if len(rows) == 1 else client.addbatchstatus(list(rows), c1)

    def accepted(self, conn: sqlite3.Connection, now: Now, text: str) -> str:
        changed_rows = reply_fields.batch_answers(text)
        if changed_rows == {}:
            raise reply_fields.Unreadable("PVOutput's answer to a batch cannot be read")
        places = {row.time: place(row.time, self.target.zone, self.interval_s) for row in self.rows}
        if changed_rows is not None and not changed_rows.keys() <= set(places.values()):
            account.doubt_interval(conn, now, self.target)
        done = []
        for row in self.rows:
            changed = True if changed_rows is None else changed_rows.get(places[row.time])
            if changed or row.attempts + 1 >= UNCHANGED_TRIES:
                done.append(row)
        return self._done(conn, now, done)

    def _done(self, conn: sqlite3.Connection, now: Now, done: list[Row]) -> str:
        outbox.mark_sent(conn, self.target.key, done, round(now.server or 0))
        persisted.put(conn, "last_success", round(now.server or 0))
        self._search_on(conn, True, "")
        return f"sent {len(done)} rows of {self.rows[0].day}"

    def refused(self, conn: sqlite3.Connection, now: Now, refusal: replies.Refusal) -> str:
        target = self.target
        match refusal:
            case replies.Expired():
                outbox.expire_days(conn, target.key, refusal.text, day=self.rows[0].day)
            case replies.NothingChanged():
                return self._done(conn, now, [row for row in self.rows if row.attempts + 1 >= UNCHANGED_TRIES])
            case replies.PlanRefused():
                account.revoke_donation(conn, target)
                if len(self.rows) <= account.BATCH_ROWS[False] and not self._has_own_values():
                    self._search_on(conn, False, refusal.text)  # a limit that we do not know
            case replies.ClockRefused():
                persisted.put(conn, persisted.name("held", target.key), {
                    "from": self.rows[0].time, "until": (now.server or 0) + HOLD_S, "text": refusal.text})
            case replies.OurBug():
                outbox.set_aside(conn, target.key, self.rows, refusal.text)
            case _:
                if not self._learned(conn, refusal.text):
                    self._search_on(conn, False, refusal.text)
        return f"refused: {refusal.text}"

    def failed(self, conn: sqlite3.Connection, now: Now) -> None:
        """The rows go on waiting."""

    def _has_own_values(self) -> bool:
        return any(value is not None for row in self.rows for value in row.values[6:])

    def _learned(self, conn: sqlite3.Connection, text: str) -> bool:
        """Whether the refusal taught a rule that changes what these rows send: they are sent again under it."""
        target, day = self.target, self.rows[0].day
        named = next((row for row in self.rows if cures.is_named(row.values, text)), self.rows[0])
        lessons = cures.lessons(account.rules(conn, target), replies.kind_of(text), text, named.time, target.zone,
                                any(row.values[1] for row in self.rows))
        return any(self._try_rules(conn, rules, day, self.rows) for rules in lessons)

    def _try_rules(self, conn: sqlite3.Connection, rules: cures.Rules, day: str, rows: list[Row]) -> bool:
        """Keep `rules` if they change one of `rows`; whether they do."""
        better = outbox_rows.wanted(conn, self.target, day, rules)
        if all(better.get(row.time, (None,))[0] == row.values for row in rows):
            return False
        account.learn(conn, self.target, rules)
        bisect.cured(conn, self.target.key)
        return True

    def _search_on(self, conn: sqlite3.Connection, accepted: bool, text: str) -> None:
        """Take the answer into the search for the bad row, or begin or end one."""
        key, times = self.target.key, self._times
        if not self.suspects:
            bisect.batch_ended(conn, key, len(times), self.most, accepted)
            if accepted:
                return
            left = times
        else:
            from_end = _from_end(self.target, bisect.text(conn, key), self.suspects)
            left = bisect.narrow(self.suspects, times, accepted, from_end)
            text = text or bisect.text(conn, key)
        if not accepted and bisect.is_over_budget(conn, key, self.rows[0].day, replies.kind_of(text), self.most):
            self._set_aside(conn, left, text)
            left = []
        if len(left) == 1:
            self._found(conn, left[0], text)
        if len(left) > 1:
            bisect.begin(conn, key, left, text, bisect.trials(conn, key) + 1 if self.suspects else 0)
        else:
            bisect.end(conn, key)

    def _found(self, conn: sqlite3.Connection, time: int, text: str) -> None:
        """One row is the bad one: it and those that share its cause get the cure, or are set aside."""
        kind, zone = replies.kind_of(text), self.target.zone
        (bad,) = outbox.waiting_rows(conn, self.target.key, "time = :time AND attempts > 0",
                                     {"time": time}) or (None,)
        if bad is None:
            return
        if kind is Kind.NIGHT and self._try_rules(
                conn, cures.darkness(account.rules(conn, self.target), time, zone), bad.day, [bad]):
            bisect.learned(conn, self.target.key, bad.day, kind)
            return
        others = outbox.waiting_rows(conn, self.target.key, "day = :day AND reason = ''", {"day": bad.day})
        shared = [row for row in others
                  if cures.shares_cause(kind, text, (bad.time, bad.values), (row.time, row.values))]
        outbox.set_aside(conn, self.target.key, [bad, *shared], text)

    def _set_aside(self, conn: sqlite3.Connection, times: Sequence[int], text: str) -> None:
        rows = outbox.waiting_rows(conn, self.target.key, "attempts > 0 AND time BETWEEN :first AND :last",
                                   {"first": times[0], "last": times[-1]}) if times else []
        outbox.set_aside(conn, self.target.key, [row for row in rows if row.time in set(times)], text)


def _wire(target: Target, rows: Sequence[Row], interval_s: int) -> list[dict[str, str]]:
    return [wire(row.time, row.values, target.zone, interval_s) for row in rows]


def _from_end(target: Target, text: str, times: Sequence[int]) -> bool:
    """Whether the last of the bad rows is looked for: in a morning's darkness (bisect.py)."""
    return bool(times) and replies.kind_of(text) is Kind.NIGHT and place(times[-1], target.zone, 60)[1] < "12"


def live(conn: sqlite3.Connection, target: Target, server: float, today: str, interval_s: int,
         most: int) -> Post | None:
    """Rows of today, and before them of the day that ended within the hour.

    Ascending within the day, as always: a corrected day may have fallen, and PVOutput compares a row with the
    earlier ones that it holds; with c1 the first row to arrive sets the day's zero.
    """
    rows = _sendable(conn, target, server, "(day = :day OR time >= :young)", day=today, young=server - LIVE_S)
    if not rows:
        return None
    day = rows[0].day
    if day == _suspects_day(conn, target):
        return trial(conn, target, interval_s, most)
    return _post(conn, target, _sendable(conn, target, server, "day = :day", day=day), interval_s, most)


def backlog(conn: sqlite3.Connection, target: Target, server: float, interval_s: int, most: int) -> Post | None:
    """The oldest day's rows first: they expire first."""
    oldest = outbox.oldest_waiting_day(conn, target.key, _horizon(conn, target, server))
    return _post(conn, target, _sendable(conn, target, server, "day = :day", day=oldest), interval_s, most)


def trial(conn: sqlite3.Connection, target: Target, interval_s: int, most: int) -> Post | None:
    """The next step of a search for a bad row."""
    times = bisect.suspects(conn, target.key)
    if not times:
        return None
    rows = [row for row in outbox.waiting_rows(conn, target.key, "time BETWEEN :first AND :last",
                                               {"first": times[0], "last": times[-1]}) if row.time in times]
    text = bisect.text(conn, target.key)
    chosen = bisect.next_trial(_wire(target, rows, interval_s), text, _from_end(target, text, times),
                               not bisect.trials(conn, target.key))
    return Post(target, rows[chosen], interval_s, most, tuple(times))


def _suspects_day(conn: sqlite3.Connection, target: Target) -> str | None:
    times = bisect.suspects(conn, target.key)
    rows = outbox.waiting_rows(conn, target.key, "time = :time", {"time": times[0]}) if times else []
    return rows[0].day if rows else None


def _horizon(conn: sqlite3.Connection, target: Target, server: float) -> float:
    """Rows from this time on must not be sent: they are in the future, or the server just said so."""
    held = persisted.get(conn, persisted.name("held", target.key))
    return min(server, held["from"]) if held and server < held["until"] else server


def _sendable(conn: sqlite3.Connection, target: Target, server: float, condition: str,
              **parameters: object) -> list[Row]:
    """Rows that may be sent now: complete by the server's time, not held back, not suspects of a search."""
    suspects = set(bisect.suspects(conn, target.key))
    limits = {"horizon": _horizon(conn, target, server), "interval": slot_seconds(conn),
              "until": outbox.complete_until(conn, server)}
    rows = outbox.waiting_rows(conn, target.key, f"time < :horizon AND {outbox.ENDS} <= :until AND {condition}",
                               limits | parameters)
    return [row for row in rows if row.time not in suspects]


def _post(conn: sqlite3.Connection, target: Target, rows: list[Row], interval_s: int, most: int) -> Post | None:
    """One request from the first of `rows`: what was refused before goes alone, a batch has one c1."""
    plain = [row for row in rows if not row.reason] or rows[:1]
    if not plain:
        return None
    c1 = cumulative(plain[0].values, target.is_lifetime)
    alike = [row for row in plain if cumulative(row.values, target.is_lifetime) == c1]
    return Post(target, alike[:bisect.batch_rows(conn, target.key, most)], interval_s, most)
