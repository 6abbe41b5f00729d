"""Days older than PVOutput takes statuses of: their totals by addoutput, and proof by getoutput.

    new ─look→ done        PVOutput holds as much already (its own total is left alone)
      └→ missing ─add→ sent ─look→ done
            ↑___________________┴→ refused after MOST_ADDS, since addoutput can say OK and store nothing
A look covers up to 50 days in one request; an addition is one request a day for free accounts.
"""
import sqlite3
from dataclasses import dataclass

from appliance.ledger import reads
from appliance.pvoutput import day_state, replies, reply_fields
from appliance.pvoutput.client import Client, Reply
from appliance.pvoutput.servertime import Now
from appliance.pvoutput.targets import Target

LOOK_DAYS = 50
MOST_ADDS = 2
TOLERANCE_WH = 1
NOT_HELD = "PVOutput said OK but does not hold the total"
EARLIEST_DAY = "2005-01-01"     # no supervisor is older: before it a clock was never set


@dataclass(frozen=True)
class Total:
    """A local day (YYYY-MM-DD) and its energies in Wh."""

    day: str
    generated_wh: int | None
    consumed_wh: int | None
    attempts: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of the day."""
        return self.generated_wh is None and self.consumed_wh is None

    def is_held(self, output: dict[str, int]) -> bool:
        """Whether the site's total of the day is ours or more."""
        return all(ours is None or output.get(name, -1) >= ours - TOLERANCE_WH
                   for name, ours in (("v1", self.generated_wh), ("v3", self.consumed_wh)))


@dataclass(frozen=True)
class Look:
    """Ask which totals PVOutput holds."""

    target: Target
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
        outputs = reply_fields.parse_outputs(text)
        if not outputs:
            raise reply_fields.Unreadable("PVOutput's answer about daily totals cannot be read")
        return self._compare(conn, outputs)

    def refused(self, conn: sqlite3.Connection, now: Now, refusal: replies.Refusal) -> str:
        if isinstance(refusal, replies.NothingStored):
            return self._compare(conn, {})
        for total in self.totals:
            day_state.set_total(conn, self.target.key, total.day, "refused", refusal.text)
        return f"refused: {refusal.text}"

    def failed(self, conn: sqlite3.Connection, now: Now) -> None:
        """Asked again."""

    def _compare(self, conn: sqlite3.Connection, outputs: dict[str, dict[str, int]]) -> str:
        held = 0
        for total in self.totals:
            if total.is_held(outputs.get(total.day, {})):
                held += 1
                day_state.set_total(conn, self.target.key, total.day, "done", "")
            elif total.attempts >= MOST_ADDS:
                day_state.set_total(conn, self.target.key, total.day, "refused", NOT_HELD)
            else:
                day_state.set_total(conn, self.target.key, total.day, "missing", "")
        return f"PVOutput holds the totals of {held} of {len(self.totals)} days"


@dataclass(frozen=True)
class Add:
    """Send one day's totals."""

    target: Target
    total: Total

    @property
    def what(self) -> str:
        return f"sending the total of {self.total.day}"

    def count(self, conn: sqlite3.Connection) -> None:
        day_state.count_total(conn, self.target.key, self.total.day, self.total.generated_wh, self.total.consumed_wh)

    def send(self, client: Client) -> Reply:
        return client.addoutput(_compact(self.total.day), self.total.generated_wh, self.total.consumed_wh)

    def accepted(self, conn: sqlite3.Connection, now: Now, text: str) -> str:
        day_state.set_total(conn, self.target.key, self.total.day, "sent", "")
        return f"sent the total of {self.total.day}"

    def refused(self, conn: sqlite3.Connection, now: Now, refusal: replies.Refusal) -> str:
        day_state.set_total(conn, self.target.key, self.total.day, "refused", refusal.text)
        return f"refused: {refusal.text}"

    def failed(self, conn: sqlite3.Connection, now: Now) -> None:
        """Sent again."""


def next_total(conn: sqlite3.Connection, target: Target, oldest: str) -> Look | Add | None:
    """Look at new days, add what is missing, look again; the newest day first.

    Nothing is asked or sent of a day without slots (a wrong clock made it up, and the ledger took it back), of which
    no energy is known, or of which PVOutput takes rows (`oldest`: the oldest of those).
    """
    while state := next((state for state in ("new", "missing", "sent")
                         if state in day_state.total_states(conn, target.key)), None):
        chosen = _with_ground(conn, target, state, oldest)
        if chosen:
            return Add(target, chosen[-1]) if state == "missing" else Look(target, chosen, state)
    return None


def _with_ground(conn: sqlite3.Connection, target: Target, state: str, oldest: str) -> list[Total]:
    """The newest totals in `state` that fit into one look, ascending; those without ground are not offered any more."""
    chosen = []
    for day, attempts in day_state.in_state(conn, target.key, state, LOOK_DAYS):
        total = _total(conn, target, day, attempts)
        if total.is_empty or (state == "new" and day >= oldest) or day < EARLIEST_DAY:
            day_state.set_total(conn, target.key, day, "", "")
        else:
            chosen.append(total)
    return chosen


def _total(conn: sqlite3.Connection, target: Target, day: str, attempts: int) -> Total:
    made, used = reads.day_totals(conn, day, target.devices)
    return Total(day, _wh(made), _wh(used) if target.account.consumption else None, attempts)


def _wh(energy_dwh: int | None) -> int | None:
    return None if energy_dwh is None else max(0, (energy_dwh + 5) // 10)


def _compact(day: str) -> str:
    return day.replace("-", "")
