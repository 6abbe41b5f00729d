"""Carries out the owner's commands (module command_queue) in order and writes `finished` and `result`.

A command that fails is finished with {"error": ...}. It is not repeated, so it cannot block the commands behind it.
Every command may be repeated without harm, so kill -9 in the middle does no harm.
"""
import json
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from appliance.health import log as notice_log
from appliance.history import earlier
from appliance.ledger import senders
from appliance.pvoutput import account, outbox
from appliance.pvoutput.targets import targets
from appliance.settings import Settings
from appliance.store import transaction
from appliance.supervisor import pipeline
from appliance.system.clock import Clock

KEEP = 200      # finished rows that are kept for the page
KEEP_ARGUMENT = 1000    # characters of a finished one's argument; a longer one is not kept

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """The objects that a command works with. Long commands call `progress` regularly."""

    store: sqlite3.Connection
    inbox: sqlite3.Connection
    settings: Settings
    settings_path: Path
    clock: Clock
    progress: Callable[..., None]


def run_waiting(work: Work) -> int:
    """Carry out every waiting command and return how many there were."""
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
        with transaction(store):  # a restore has replaced the table, so the row may be missing
            store.execute("INSERT OR REPLACE INTO command VALUES (?, ?, ?, ?, ?, ?)",
                          (number, created, name, argument if len(argument) <= KEEP_ARGUMENT else "{}",
                           int(work.clock.time()), json.dumps(outcome)))
            store.execute("DELETE FROM command WHERE finished IS NOT NULL AND id <= ?", (number - KEEP,))
    return len(waiting)


def _resend_day(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"day": "YYYY-MM-DD"} → {"rows": number of rows that now wait}."""
    with transaction(work.store):
        return {"rows": outbox.resend_day(work.store, date.fromisoformat(argument["day"]).isoformat())}


def _retry(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"time": the row's, "system": "" or an id} → {"done": True if it was refused or skipped and now waits}."""
    return {"done": outbox.retry(work.store, int(argument["time"]), str(argument.get("system", "")))}


def _skip(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"time": the row's, "system": "" or an id} → {"done": True if it was unsent and is now skipped}."""
    return {"done": outbox.skip(work.store, int(argument["time"]), str(argument.get("system", "")))}


def _retry_refused(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{} → {"rows": number of refused rows that now wait}. For an owner who corrected something at PVOutput."""
    with transaction(work.store):
        account.ask_again(work.store, work.settings)
        return {"rows": sum(outbox.retry_all(work.store, target.key) for target in targets(work.settings))}


def _try_now(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{} → {}. Ends a pause for want of a network: the owner has put that right."""
    with transaction(work.store):
        account.try_now(work.store)
    return {}


def _rebuild(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{} → {}. Derives readings, slots and outbox from the inbox again."""
    pipeline.rebuild(work.inbox, work.store, work.settings, work.clock.time(), progress=work.progress)
    return {}


def _sender(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"id": the sender's in the inbox, "decision": trusted or aside} → {}. Decides if the sender's uploads count."""
    senders.decide_by_number(work.inbox, work.store, int(argument["id"]), str(argument["decision"]))
    return {}


def _device(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"id": the device's, "aside": True to leave it out} → {}."""
    senders.set_device_aside(work.store, int(argument["id"]), bool(argument["aside"]))
    return {}


def _upload(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"id": the upload's in the inbox, "aside": True to leave it out} → {}."""
    senders.set_upload_aside(work.inbox, work.store, int(argument["id"]), bool(argument["aside"]),
                             int(work.clock.time()))
    return {}


def _earlier(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"days": [[day, production, consumption or None], ...] in 0.1 Wh, "source": a name} or {} to forget all of them
    → {"days": how many imported days there are now}."""
    if not argument:
        earlier.forget(work.store)
        return {"days": 0}
    found = [earlier.EarlierDay(date.fromisoformat(day), int(made), None if used is None else int(used))
             for day, made, used in argument["days"]]
    return {"days": earlier.keep(work.store, found, str(argument["source"]))}


def _dismiss(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{"id": the entry's in the log of notices} → {"dismissed": True if it was there and not put away before}."""
    return {"dismissed": notice_log.dismiss(work.store, int(argument["id"]), int(work.clock.time()))}


def _restore(work: Work, argument: dict[str, Any]) -> dict[str, Any]:
    """{} → the result of backup.restore() for the file that the page put into backup.handover().

    The file is removed, unless the inbox belongs to another user: then that user's service adds its uploads.
    """
    from appliance.history import backup  # loaded by the few that ever put one back
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
    "dismiss": _dismiss, "earlier": _earlier, "try_now": _try_now,
}
