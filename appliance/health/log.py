"""The log of what needed the owner: each matter with its beginning, its end and what to do, for a year.

Matters are those that deserve a message (outputs/notify/matters): lamps that are not in order, and notices. A lamp is
taken down once it has lasted for LASTED_S, so that a restart writes nothing. A matter that comes back within AGAIN_S
goes on in its row, a lamp once it has lasted again. An event, which happens at one moment, is there until the owner
dismisses it.
"""
import re
import sqlite3
from dataclasses import dataclass, replace

from appliance.outputs.contract import Facts
from appliance.outputs.notify.matters import Matter, current
from appliance.store import transaction

LASTED_S = 900
AGAIN_S = 1800
KEEP_S = 366 * 86_400
MAX_ROWS = 2000         # the oldest go first
LAMP = "lamp "          # before a lamp's name, in the key of its matter
LENGTHS = (             # how long it had lasted when it was taken down says nothing once it is over
    (re.compile(r"^The newest reading is from \d+ \w+ ago\b"), "No new reading came"),
    (re.compile(r" for \d+ (?:second|minute|hour|day)s?\b"), ""),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One matter. Times in UTC seconds; `until` None: it is still there; `dismissed` None: the owner did not put it
    away."""

    id: int
    matter: str
    bad: bool
    text: str
    advice: str
    since: int
    until: int | None
    dismissed: int | None

    @property
    def is_lamp(self) -> bool:
        """Whether a lamp tells of it as well."""
        return self.matter.startswith(LAMP)

    @property
    def is_open(self) -> bool:
        """Whether the owner has still to look: it is there, or happened, and was not put away."""
        return self.dismissed is None and (self.until is None or self.until == self.since)


class Log:
    """Writes the log. Remembers only since when each lamp is out of order."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def keep(self, conn: sqlite3.Connection, facts: Facts, now: int) -> None:
        """Take down what begins and what ends. Raises StoreError."""
        there = current(facts, now)
        self._seen = {key: min(now, self._seen.get(key, now)) for key in there}
        lasting = {key: matter for key, matter in there.items()
                   if not key.startswith(LAMP) or now - self._seen[key] >= LASTED_S}
        known = {key: (number, until) for key, number, until, since in conn.execute(
            "SELECT matter, id, until, since FROM notice_log WHERE until IS NULL OR until > ? OR until = since"
            " ORDER BY since", (now - AGAIN_S - LASTED_S,))
            if until is None or until > self._seen.get(key, now) - AGAIN_S or until == since}
        begun = [(key, matter) for key, matter in lasting.items() if key not in known]
        back = [(known[key][0],) for key, matter in lasting.items()
                if key in known and known[key][1] is not None and not matter.event]
        over = [(now, number) for key, (number, until) in known.items() if until is None and key not in there]
        if begun or back or over:
            with transaction(conn):
                conn.executemany("INSERT INTO notice_log (matter, bad, text, advice, since, until)"
                                 " VALUES (?, ?, ?, ?, ?, ?)", [self._row(*one, facts, now) for one in begun])
                conn.executemany("UPDATE notice_log SET until = NULL WHERE id = ?", back)
                conn.executemany("UPDATE notice_log SET until = max(?, since + 1) WHERE id = ?", over)
                conn.execute("DELETE FROM notice_log WHERE until < ? OR id <= (SELECT max(id) FROM notice_log) - ?",
                             (now - KEEP_S, MAX_ROWS))

    def _row(self, key: str, matter: Matter, facts: Facts, now: int) -> tuple[str, int, str, str, int, int | None]:
        known = [fact.since for fact in (*facts.lamps, *facts.notices)
                 if fact.text == matter.text and fact.since is not None]
        if matter.event:
            since = known[0] if known else now
            return key, int(matter.bad), matter.text, matter.advice, since, since
        text = matter.text
        for length, instead in LENGTHS:
            text = length.sub(instead, text)
        return key, int(matter.bad), text, matter.advice, min([self._seen[key], *known]), None


def shown(written: list[Entry], facts: Facts, now: int) -> list[Entry]:
    """The log as it is read at `now` (UTC seconds): what lasts in the words of the moment, and before it what is there
    and not written down yet, or cannot be on a full card (id 0). What is over is over, though not written down so."""
    there = current(facts, now)
    lasting = {entry.matter for entry in written if entry.until is None}
    fresh = [Entry(0, key, matter.bad, matter.text, matter.advice, now, None, None) for key, matter in there.items()
             if key not in lasting and not matter.event]
    return [*fresh, *(_of_the_moment(entry, there.get(entry.matter), now) for entry in written)]


def _of_the_moment(entry: Entry, matter: Matter | None, now: int) -> Entry:
    """What lasts, in the words of the moment; what is over but not written down so yet, as over."""
    if entry.until is not None:
        return entry
    if matter is None:
        return replace(entry, until=max(now, entry.since + 1))
    return replace(entry, bad=matter.bad, text=matter.text, advice=matter.advice)


def dismiss(conn: sqlite3.Connection, number: int, now: int) -> bool:
    """The owner puts an entry away; False if there is no such one, or it was put away before."""
    return bool(conn.execute("UPDATE notice_log SET dismissed = ? WHERE id = ? AND dismissed IS NULL",
                             (now, number)).rowcount)


def entries(conn: sqlite3.Connection) -> list[Entry]:
    """All entries, newest first."""
    return [Entry(row[0], row[1], bool(row[2]), *row[3:]) for row in conn.execute(
        "SELECT id, matter, bad, text, advice, since, until, dismissed FROM notice_log ORDER BY since DESC, id DESC")]
