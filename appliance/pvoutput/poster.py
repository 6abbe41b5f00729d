"""One step of the posting: at most one request, chosen by plan.py, and its answer written down.

Invariants: the request is counted and committed before it is sent, its answer is applied in one transaction
after it. A kill in between costs one request of the quota and nothing else: what was sent is sent again, which
PVOutput takes as no change. Everything that decides about the next step is in the store, so a step may run in
any process after any other.
"""
import logging
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from appliance.pvoutput import account, outbox, outbox_rows, pauses, plan, quota, replies, reply_fields, servertime
from appliance.pvoutput.client import Client, client_of
from appliance.pvoutput.servertime import Now
from appliance.pvoutput.targets import main_target, targets
from appliance.settings import Settings
from appliance.store import transaction
from appliance.system.clock import Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """What was done: one line for the owner. The next step is due in `wait_s` seconds of the clock.

    Sooner does no harm: call again whenever new slots or settings came. `requested`: a request was sent.
    """

    wait_s: float
    what: str
    requested: bool = False


def step(store: sqlite3.Connection, settings: Settings, clock: Clock) -> Step:
    """Do the most important request that is due and allowed, if posting is on."""
    if not settings.pvoutput.enabled:
        return Step(plan.IDLE_S, "posting to PVOutput is off: pvoutput.enabled = true switches it on")
    return _step(store, settings, clock)


def _step(store: sqlite3.Connection, settings: Settings, clock: Clock) -> Step:
    listed = targets(settings) or [main_target(settings)]
    unusable = client_of(listed[0].account)
    if isinstance(unusable, str):
        return Step(plan.IDLE_S, unusable)
    with transaction(store):
        account.note_change(store, settings)
        now = servertime.read(store, clock)
        pause = pauses.settle(store, now)
        if pause is not None:
            return Step(pause.left_s, pause.text)
        _tidy(store, settings, now)
        task = plan.next_task(store, settings, now)
    if isinstance(task, plan.Wait):
        return Step(task.seconds, task.what)
    client = client_of(task.target.account)
    if isinstance(client, str):
        return Step(plan.IDLE_S, client)
    what = _request(store, clock, client, now, task)
    pause = pauses.current(store, servertime.read(store, clock))
    return Step(pause.left_s if pause else 0.0, what, requested=True)


def _tidy(store: sqlite3.Connection, settings: Settings, now: Now) -> None:
    """Bring the outbox up to the present: changed settings, rows that are complete, days that are too old."""
    if now.server is None or not any(account.known(store, target) for target in targets(settings)):
        return
    if outbox_rows.has_other_shape(store, settings):
        outbox_rows.refresh(store, settings, (), now.server)
    outbox.complete(store, now.server)
    for target in targets(settings):
        known = account.known(store, target)
        if known is not None:
            today = datetime.fromtimestamp(now.server, target.zone).date()
            outbox.expire(store, target.key, today, known.age_limit)


def _request(store: sqlite3.Connection, clock: Clock, client: Client, now: Now, task: plan.Task) -> str:
    """Count, commit, send, apply."""
    with transaction(store):
        quota.count_request(store, now)
        task.count(store)
    reply = task.send(client)
    with transaction(store):
        now = quota.hear(store, clock, reply)
        what = _apply(store, now, task, reply.outcome)
    title = f" ({task.target.title})" if task.target.title else ""
    level = logging.DEBUG if isinstance(reply.outcome, replies.Accepted) else logging.WARNING
    log.log(level, "PVOutput%s: %s: %s", title, task.what, what)
    return what


def _apply(store: sqlite3.Connection, now: Now, task: plan.Task, outcome: replies.Outcome) -> str:
    """What an answer changes: the outcomes that concern every request here, the others in the task."""
    if isinstance(outcome, replies.Accepted):
        try:
            what = task.accepted(store, now, outcome.text)
            pauses.succeeded(store)
            return what
        except reply_fields.Unreadable as error:
            outcome = replies.NetworkTrouble(str(error))
    match outcome:
        case replies.QuotaExceeded():
            pauses.begin(store, now, pauses.QUOTA, outcome.text, quota.mark_exhausted(store, now, outcome.reset))
        case replies.SettingsRefused():
            account.refuse(store, now, task.target, outcome.text)
        case replies.Busy():
            pauses.begin(store, now, pauses.BUSY, outcome.text, pauses.backoff(store, pauses.BUSY))
        case replies.NetworkTrouble():
            task.failed(store, now)
            pauses.begin(store, now, pauses.NETWORK, outcome.text, pauses.backoff(store, pauses.NETWORK))
        case _:
            pauses.succeeded(store)
            return task.refused(store, now, outcome)
    return outcome.text
