"""One step of the posting: at most one request, chosen by plan.py, and its answer written down.

Invariants: the request is counted and committed before it is sent, its answer is applied in one transaction
after it. A kill in between costs one request of the quota and nothing else: what was sent is sent again, which
PVOutput takes as no change. Everything that decides about the next step is in the store, so a step may run in
any process after any other.
"""
import logging
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from appliance.pvoutput import account, answers, outbox, pauses, plan, quota, replies, servertime
from appliance.pvoutput.client import BadCredentials, Client, InsecureUrl, Reply
from appliance.pvoutput.servertime import Now
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


@dataclass(frozen=True)
class AccountCheck:
    """Whether key and system hold, and what the owner should know; `warnings` are lines to act upon."""

    ok: bool
    text: str
    system: answers.System | None = None
    warnings: tuple[str, ...] = ()


def step(store: sqlite3.Connection, settings: Settings, clock: Clock) -> Step:
    """Do the most important request that is due and allowed, if posting is on."""
    if not settings.pvoutput.enabled:
        return Step(plan.IDLE_S, "posting to PVOutput is off: pvoutput.enabled = true switches it on")
    return _step(store, settings, clock)


def check_account(store: sqlite3.Connection, settings: Settings, clock: Clock) -> AccountCheck:
    """Ask PVOutput whether these settings hold: one request, also while posting is off or refused.

    Another account than the one that posts may be tried: then the answer teaches nothing but the time.
    """
    client = _client(settings)
    if isinstance(client, str):
        return AccountCheck(False, client)
    with transaction(store):
        now = servertime.read(store, clock)
        pause = pauses.settle(store, now)
        if pause is not None and pause.kind == pauses.QUOTA:
            return AccountCheck(False, f"{pause.text}: try again in {pause.left_s / 60:.0f} minutes")
        if quota.window(store, now).left(0) <= 0:
            return AccountCheck(False, "the hour's requests are used up: try again after the full hour")
        quota.count_request(store, now)
    reply = client.getsystem()
    with transaction(store):
        ours = account.is_posting(store, settings.pvoutput)
        now = _learn(store, clock, reply if ours else replace(reply, quota=None))
        if isinstance(reply.outcome, replies.QuotaExceeded) and ours:
            pauses.begin(store, now, pauses.QUOTA, reply.outcome.text,
                         quota.mark_exhausted(store, now, reply.outcome.reset))
        if not isinstance(reply.outcome, replies.Accepted):
            return AccountCheck(False, reply.outcome.text)
        probe = account.Probe(settings)
        try:
            system = probe.read(reply.outcome.text)
        except answers.Unreadable as error:
            return AccountCheck(False, str(error))
        if ours:
            probe.accepted(store, now, reply.outcome.text)
            pauses.end(store)
    mismatch = account.zone_mismatch(system, settings.site.timezone, now.server or clock.time())
    unset = "" if system.zone else "PVOutput has no time zone for this system: set it there"
    warnings = tuple(line for line in (mismatch, unset) if line)
    return AccountCheck(True, f"PVOutput knows the system: {system.name}", system, warnings)


def _client(settings: Settings) -> Client | str:
    """The client for these settings, or what the owner must change."""
    try:
        return Client(settings.pvoutput)
    except (BadCredentials, InsecureUrl) as error:
        return str(error)


def _step(store: sqlite3.Connection, settings: Settings, clock: Clock) -> Step:
    client = _client(settings)
    if isinstance(client, str):
        return Step(plan.IDLE_S, client)
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
    what = _request(store, settings, clock, client, now, task)
    pause = pauses.current(store, servertime.read(store, clock))
    return Step(pause.left_s if pause else 0.0, what, requested=True)


def _tidy(store: sqlite3.Connection, settings: Settings, now: Now) -> None:
    """Bring the outbox up to the present: changed settings, rows that are complete, days that are too old."""
    known = account.known(store, settings.pvoutput)
    if now.server is None or known is None:
        return
    if outbox.has_other_shape(store, settings):
        outbox.refresh(store, settings, (), now.server)
    outbox.complete(store, now.server)
    today = datetime.fromtimestamp(now.server, ZoneInfo(settings.site.timezone)).date()
    outbox.expire(store, today, known.age_limit)


def _request(store: sqlite3.Connection, settings: Settings, clock: Clock, client: Client, now: Now,
             task: plan.Task) -> str:
    """Count, commit, send, apply."""
    with transaction(store):
        quota.count_request(store, now)
        task.count(store)
    reply = task.send(client)
    with transaction(store):
        now = _learn(store, clock, reply)
        what = _apply(store, settings, now, task, reply.outcome)
    level = logging.DEBUG if isinstance(reply.outcome, replies.Accepted) else logging.WARNING
    log.log(level, "PVOutput: %s: %s", task.what, what)
    return what


def _learn(store: sqlite3.Connection, clock: Clock, reply: Reply) -> Now:
    """Take over the time and the quota that an answer told."""
    if not reply.answered:
        return servertime.read(store, clock)
    now = servertime.learn(store, clock, reply.date)
    quota.learn(store, now, reply.quota)
    return now


def _apply(store: sqlite3.Connection, settings: Settings, now: Now, task: plan.Task, outcome: replies.Outcome) -> str:
    """What an answer changes: the outcomes that concern every request here, the others in the task."""
    if isinstance(outcome, replies.Accepted):
        try:
            what = task.accepted(store, now, outcome.text)
            pauses.succeeded(store)
            return what
        except answers.Unreadable as error:
            outcome = replies.NetworkTrouble(str(error))
    match outcome:
        case replies.QuotaExceeded():
            pauses.begin(store, now, pauses.QUOTA, outcome.text, quota.mark_exhausted(store, now, outcome.reset))
        case replies.SettingsRefused():
            account.refuse(store, now, settings.pvoutput, outcome.text)
        case replies.Busy():
            pauses.begin(store, now, pauses.BUSY, outcome.text, pauses.backoff(store, pauses.BUSY))
        case replies.NetworkTrouble():
            task.failed(store, now)
            pauses.begin(store, now, pauses.NETWORK, outcome.text, pauses.backoff(store, pauses.NETWORK))
        case _:
            pauses.succeeded(store)
            return task.refused(store, now, outcome)
    return outcome.text
