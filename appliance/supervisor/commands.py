"""What the owner asked for on the page or the command line: rows of the table `command`, carried out in order.

The asking side inserts a row; the supervisor process does the work and writes `finished` and `result`. A command that
fails is finished with {"error": ...}: it is never tried again by itself, so nothing can get stuck here. Repeating any
of them is harmless, which is what makes kill -9 in the middle harmless.
"""
import json
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from appliance.history import backup
from appliance.ledger import senders
from appliance.pvoutput import account, outbox
from appliance.pvoutput.targets import targets
from appliance.settings import Settings
from appliance.store import transaction
from appliance.supervisor import pipeline
from appliance.system.clock import Clock

KEEP = 200      # finished rows that stay, for the page

log = logging.getLogger(__name__)


def submit(store: sqlite3.Connection, clock: Clock, name: str, argument: dict[str, Any] | None = None) -> int:
    """Put a command in the queue; its id."""
    row = store.execute("INSERT INTO command (created, name, argument) VALUES (?, ?, ?)",
                        (int(clock.time()), name, json.dumps(argument or {})))
    assert row.lastrowid is not None
    return row.lastrowid


def result(store: sqlite3.Connection, number: int) -> dict[str, Any] | None:
    """The result of command `number`; None while it is not finished. Raises KeyError when there is none."""
    row = store.execute("SELECT finished, result FROM command WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise KeyError(number)
    return None if row[0] is None else json.loads(row[1])


def waits(store: sqlite3.Connection, name: str) -> bool:
    """Whether a command of this name is not finished."""
    found = store.execute("SELECT 1 FROM command WHERE name = ? AND finished IS NULL LIMIT 1", (name,))
    return found.fetchone() is not None


@dataclass(frozen=True)
class Work:
    """What a command may work with. `progress` is called now and then by what takes long."""

    store: sqlite3.Connection
    inbox: sqlite3.Connection
    settings: Settings
    settings_path: Path
    clock: Clock
    progress: Callable[..., None]


def run_waiting(work: Work) -> int:
    """Do every command that waits; how many."""
    store = work.store
    waiting = store.execute("SELECT id, created, name, argument FROM command WHERE finished IS NULL ORDER BY id"
                            ).fetchall()
    for number, created, name, argument in waiting:
        try:
            outcome = COMMANDS[name](work, json.loads(argument))
        except (KeyError, TypeError, ValueError) as error:
            outcome = {"error": f"{name}: unknown command or wrong argument ({error})"}
        except Exception as error:
            log.warning("command %s: %s", name, error)
            outcome = {"error": str(error) or type(error).__name__}
        with transaction(store):  # a restore has put another table in the place of the one that the row was in
            store.execute("INSERT OR REPLACE INTO command VALUES (?, ?, ?, ?, ?, ?)",
                          (number, created, name, argument, int(work.clock.time()), json.dumps(outcome)))
            store.execute("DELETE FROM command WHERE finished IS NOT NULL AND id <= ?", (number - KEEP,))
    return len(waiting)


def _resend_day(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"day": "YYYY-MM-DD"} → {"rows": how many wait now}."""
    with transaction(work.store):
        return {"rows": outbox.resend_day(work.store, date.fromisoformat(argument["day"]).isoformat())}


def _retry(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"time": the row's, "system": "" or an id} → {"done": whether it was refused or skipped and waits now}."""
    return {"done": outbox.retry(work.store, int(argument["time"]), str(argument.get("system", "")))}


def _skip(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"time": the row's, "system": "" or an id} → {"done": whether it was unsent and is skipped now}."""
    return {"done": outbox.skip(work.store, int(argument["time"]), str(argument.get("system", "")))}


def _retry_refused(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{} → {"rows": how many refused rows wait now}: the owner put something right at PVOutput."""
    with transaction(work.store):
        account.ask_again(work.store, work.settings)
        return {"rows": sum(outbox.retry_all(work.store, target.key) for target in targets(work.settings))}


def _rebuild(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{} → {}: readings, slots and outbox from the inbox again."""
    pipeline.rebuild(work.inbox, work.store, work.settings, work.clock.time(), progress=work.progress)
    return {}


def _sender(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"id": the inbox's, "decision": trusted or aside} → {}: whether its uploads count."""
    senders.decide_by_number(work.inbox, work.store, int(argument["id"]), str(argument["decision"]))
    return {}


def _device(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"id": the device's, "aside": whether it is left out} → {}."""
    senders.set_device_aside(work.store, int(argument["id"]), bool(argument["aside"]))
    return {}


def _upload(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"id": the inbox's, "aside": whether it is left out} → {}."""
    senders.set_upload_aside(work.inbox, work.store, int(argument["id"]), bool(argument["aside"]),
                             int(work.clock.time()))
    return {}


def _restore(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{} → backup.restore()'s answer for the file that the page put in backup.handover(). It is removed, unless the
    inbox is another user's: then that user's service adds the uploads of it."""
    pending = backup.handover(work.settings.store.data_dir)
    hand_over = False
    try:
        with pending.open() as source:
            done = backup.restore(source, work.settings_path, work.settings.store.data_dir)
        hand_over = done["uploads"] is None
        return done
    finally:
        if hand_over:
            pending.share()
            pending.submit()
        else:
            pending.remove()


COMMANDS: dict[str, Callable[[Work, dict[str, Any]], dict[str, Any]]] = {
    "resend_day": _resend_day, "retry": _retry, "skip": _skip, "retry_refused": _retry_refused, "rebuild": _rebuild,
    "restore": _restore, "sender": _sender, "device": _device, "upload": _upload,
}
