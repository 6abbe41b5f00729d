"""One question per finished day: which of its statuses does PVOutput really hold?

What is missing or holds another value waits again, and only that. A day from which something was missing is asked
once more after it was sent; then it counts as checked.

With energy = "lifetime" the site takes the first value it gets for a day as the day's zero. If it says OK to the day's
first status and stores nothing, the day begins with the second: its totals lack the energy of that one slot, the status
that is sent again is refused as lower (shown with the site's words), and the next day is right. Running totals
(energy = "daily") have no such zero: there the check puts everything right.
"""
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from appliance.pvoutput import day_state, outbox, replies, reply_fields
from appliance.pvoutput.client import Client, Reply
from appliance.pvoutput.rows import Values, place
from appliance.pvoutput.servertime import Now
from appliance.pvoutput.targets import Target

SETTLE_S = 900.0  # after midnight, before the day just ended is asked for


@dataclass(frozen=True)
class Check:
    """Compare a local day (YYYY-MM-DD) with what PVOutput holds."""

    target: Target
    day: str
    interval_s: int

    @property
    def what(self) -> str:
        return f"asking PVOutput what it holds of {self.day}"

    def count(self, conn: sqlite3.Connection) -> None:
        """Nothing beside the quota."""

    def send(self, client: Client) -> Reply:
        return client.getstatus(self.day.replace("-", ""))

    def accepted(self, conn: sqlite3.Connection, now: Now, text: str) -> str:
        history = reply_fields.parse_history(text)
        if not history:
            raise reply_fields.Unreadable("PVOutput's answer about a day cannot be read")
        return self._compare(conn, history)

    def refused(self, conn: sqlite3.Connection, now: Now, refusal: replies.Refusal) -> str:
        if isinstance(refusal, replies.NothingStored):
            return self._compare(conn, {})
        day_state.count_check(conn, self.target.key, self.day, missing=None)
        return f"refused: {refusal.text}"

    def failed(self, conn: sqlite3.Connection, now: Now) -> None:
        """The day is asked for again."""

    def _compare(self, conn: sqlite3.Connection, history: dict[str, dict[str, int]]) -> str:
        key, zone = self.target.key, self.target.zone
        missing = []
        for time, values in outbox.sent_rows(conn, key, self.day):
            held = history.get(place(time, zone, self.interval_s)[1])
            if held is None or not _holds(held, values, self.target.is_lifetime):
                missing.append(time)
        if day_state.count_check(conn, key, self.day, len(missing)):
            outbox.reopen(conn, key, missing)
        return f"{self.day}: PVOutput lacks {len(missing)} rows" if missing else f"{self.day}: PVOutput holds every row"


def _holds(held: dict[str, int], values: Values, lifetime: bool) -> bool:
    """Whether the site has our values; lifetime counters were turned into its own totals, so only powers compare."""
    compared = {"v2": values[1], "v4": values[3]} if lifetime else {
        f"v{n}": value for n, value in enumerate(values[:4], 1)}
    return all(value is None or held.get(name) == value for name, value in compared.items())


def next_check(conn: sqlite3.Connection, target: Target, server: float, age_limit: int,
               interval_s: int) -> Check | None:
    """The newest finished day that was not checked yet and of which nothing waits."""
    settled: date = datetime.fromtimestamp(server - SETTLE_S, target.zone).date()
    oldest = outbox.oldest_day(settled + timedelta(days=1), age_limit)
    day = day_state.unchecked(conn, target.key, oldest, settled.isoformat())
    return Check(target, day, interval_s) if day else None
