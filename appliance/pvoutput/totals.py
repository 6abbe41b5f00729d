"""Days older than PVOutput takes statuses of: their totals by addoutput, and proof by getoutput.

    new ─look→ done        PVOutput holds as much already (its own total is left alone)
      └→ missing ─add→ sent ─look→ done
            ↑___________________┴→ refused after MOST_ADDS, since addoutput can say OK and store nothing
A look covers up to 50 days in one request; an addition is one request a day for free accounts.
"""
import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta

from appliance.pvoutput import answers, replies
from appliance.pvoutput.client import Client, Reply
from appliance.pvoutput.servertime import Now

LOOK_DAYS = 50
MOST_ADDS = 2
TOLERANCE_WH = 1


@dataclass(frozen=True)
class Total:
    """A local day (YYYY-MM-DD) and its energies in Wh."""

    day: str
    generated_wh: int | None
    consumed_wh: int | None
    attempts: int

    def is_held(self, output: dict[str, int]) -> bool:
        """Whether the site's total of the day is ours or more."""
        return all(ours is None or output.get(name, -1) >= ours - TOLERANCE_WH
                   for name, ours in (("v1", self.generated_wh), ("v3", self.consumed_wh)))


@dataclass(frozen=True)
class Look:
    """Ask which totals PVOutput holds."""

    totals: list[Total]   # ascending
    state: str            # "new" or "sent"

    @property
    def what(self) -> str:
        return f"asking PVOutput for the totals of {len(self.totals)} days"

    def count(self, conn: sqlite3.Connection) -> None:
        """Nothing beside the quota."""

    def send(self, client: Client) -> Reply:
        return client.getoutput(_compact(self.totals[0].day), _compact(self.totals[-1].day))

    def accepted(self, conn: sqlite3.Connection, now: Now, text: str) -> str:
        outputs = answers.parse_outputs(text)
        if not outputs:
            raise answers.Unreadable("PVOutput's answer about daily totals cannot be read")
        return self._compare(conn, outputs)

    def refused(self, conn: sqlite3.Connection, now: Now, refusal: replies.Refusal) -> str:
        if isinstance(refusal, replies.NothingStored):
            return self._compare(conn, {})
        for total in self.totals:
            _set(conn, total, "refused", refusal.text)
        return f"refused: {refusal.text}"

    def failed(self, conn: sqlite3.Connection, now: Now) -> None:
        """Asked again."""

    def _compare(self, conn: sqlite3.Connection, outputs: dict[str, dict[str, int]]) -> str:
        held = 0
        for total in self.totals:
            if total.is_held(outputs.get(total.day, {})):
                held += 1
                _set(conn, total, "done", "")
            elif total.attempts >= MOST_ADDS:
                _set(conn, total, "refused", "PVOutput said OK but does not hold the total")
            else:
                _set(conn, total, "missing", "")
        return f"PVOutput holds the totals of {held} of {len(self.totals)} days"


@dataclass(frozen=True)
class Add:
    """Send one day's totals."""

    total: Total

    @property
    def what(self) -> str:
        return f"sending the total of {self.total.day}"

    def count(self, conn: sqlite3.Connection) -> None:
        conn.execute("UPDATE pvoutput_day SET total_attempts = total_attempts + 1, total_v1 = ?, total_v3 = ?"
                     " WHERE day = ?", (self.total.generated_wh, self.total.consumed_wh, self.total.day))

    def send(self, client: Client) -> Reply:
        return client.addoutput(_compact(self.total.day), self.total.generated_wh, self.total.consumed_wh)

    def accepted(self, conn: sqlite3.Connection, now: Now, text: str) -> str:
        _set(conn, self.total, "sent", "")
        return f"sent the total of {self.total.day}"

    def refused(self, conn: sqlite3.Connection, now: Now, refusal: replies.Refusal) -> str:
        _set(conn, self.total, "refused", refusal.text)
        return f"refused: {refusal.text}"

    def failed(self, conn: sqlite3.Connection, now: Now) -> None:
        """Sent again."""


def next_total(conn: sqlite3.Connection, consumption: bool) -> Look | Add | None:
    """Look at new days, add what is missing, look again; the newest day first."""
    states = {state for (state,) in conn.execute(
        "SELECT DISTINCT total_state FROM pvoutput_day WHERE total_state IN ('new', 'missing', 'sent')")}
    for state in ("new", "missing", "sent"):
        if state in states:
            chosen = _totals(conn, state, consumption)
            return Add(chosen[-1]) if state == "missing" else Look(chosen, state)
    return None


def _totals(conn: sqlite3.Connection, state: str, consumption: bool) -> list[Total]:
    """The newest days in `state` that fit into one look, ascending."""
    (newest,) = conn.execute("SELECT MAX(day) FROM pvoutput_day WHERE total_state = ?", (state,)).fetchone()
    first = (date.fromisoformat(newest) - timedelta(days=LOOK_DAYS - 1)).isoformat()
    rows = conn.execute(
        "SELECT day, production_dwh, consumption_dwh, total_attempts FROM pvoutput_day LEFT JOIN site_day USING (day)"
        " WHERE total_state = ? AND day >= ? ORDER BY day", (state, first))
    return [Total(day, _wh(made), _wh(used) if consumption else None, attempts) for day, made, used, attempts in rows]


def _wh(energy_dwh: int | None) -> int | None:
    return None if energy_dwh is None else max(0, (energy_dwh + 5) // 10)


def _set(conn: sqlite3.Connection, total: Total, state: str, reason: str) -> None:
    conn.execute("UPDATE pvoutput_day SET total_state = ?, total_reason = ? WHERE day = ?",
                 (state, reason, total.day))


def _compact(day: str) -> str:
    return day.replace("-", "")
