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
from enum import Enum

from appliance.ledger import reads
from appliance.pvoutput import account, outbox, outbox_rows, pauses, plan, quota, replies, reply_fields, servertime
from appliance.pvoutput.client import BadCredentials, Client, InsecureUrl, Reply
from appliance.pvoutput.cures import POWER_PERCENT
from appliance.pvoutput.rows import EXTENDED
from appliance.pvoutput.servertime import Now
from appliance.pvoutput.targets import Target, main_target, targets
from appliance.settings import Settings
from appliance.store import transaction
from appliance.system.clock import Clock

SIZE_PERCENT = 10       # two sizes of one system that differ by more are two sizes

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """What was done: one line for the owner. The next step is due in `wait_s` seconds of the clock.

    Sooner does no harm: call again whenever new slots or settings came. `requested`: a request was sent.
    """

    wait_s: float
    what: str
    requested: bool = False


class Verdict(Enum):
    """What a test of an account found."""

    OK = "ok"
    REFUSED = "refused"             # PVOutput does not take key or system: `text` is its own
    UNREACHABLE = "unreachable"     # PVOutput did not answer: nothing is known
    QUOTA = "quota"                 # the hour's requests are used up
    INCOMPLETE = "incomplete"       # the settings cannot be sent


@dataclass(frozen=True)
class AccountCheck:
    """Whether key and system hold, and what the owner should know; `warnings` are lines to act upon."""

    verdict: Verdict
    text: str
    system: reply_fields.System | None = None
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.verdict is Verdict.OK


def step(store: sqlite3.Connection, settings: Settings, clock: Clock) -> Step:
    """Do the most important request that is due and allowed, if posting is on."""
    if not settings.pvoutput.enabled:
        return Step(plan.IDLE_S, "posting to PVOutput is off: pvoutput.enabled = true switches it on")
    return _step(store, settings, clock)


def check_account(store: sqlite3.Connection, settings: Settings, clock: Clock) -> AccountCheck:
    """Ask PVOutput whether these settings hold: one request a system, also while posting is off or refused.

    Another account than the one that posts may be tried: then the answer teaches nothing but the time.
    """
    ours = account.is_posting(store, settings.pvoutput)
    found = _check(store, main_target(settings), clock, ours)
    if found.verdict is not Verdict.OK:
        return found
    more = []
    for target in targets(settings)[1:]:
        theirs = _check(store, target, clock, ours)
        more += [f"System {target.key}: {line}" for line in (
            theirs.warnings if theirs.verdict is Verdict.OK else (theirs.text,))]
    return replace(found, warnings=(*found.warnings, *more))


def _check(store: sqlite3.Connection, target: Target, clock: Clock, ours: bool) -> AccountCheck:
    client = _client(target)
    if isinstance(client, str):
        return AccountCheck(Verdict.INCOMPLETE, client)
    with transaction(store):
        now = servertime.read(store, clock)
        pause = pauses.settle(store, now)
        if pause is not None and pause.kind == pauses.QUOTA:
            return AccountCheck(Verdict.QUOTA, f"{pause.text}: try again in {pause.left_s / 60:.0f} minutes")
        if quota.window(store, now).left(0) <= 0:
            return AccountCheck(Verdict.QUOTA, "the hour's requests are used up: try again after the full hour")
        quota.count_request(store, now)
    reply = client.getsystem()
    with transaction(store):
        now = _learn(store, clock, reply if ours else replace(reply, quota=None))
        outcome = reply.outcome
        if isinstance(outcome, replies.QuotaExceeded) and ours:
            pauses.begin(store, now, pauses.QUOTA, outcome.text, quota.mark_exhausted(store, now, outcome.reset))
        if not isinstance(outcome, replies.Accepted):
            return AccountCheck(_verdict(outcome), outcome.text)
        probe = account.Probe(target)
        try:
            system = probe.read(outcome.text)
        except reply_fields.Unreadable as error:
            return AccountCheck(Verdict.UNREACHABLE, str(error))
        if ours:
            probe.accepted(store, now, outcome.text)
            pauses.unblock(store, target.key)
            pauses.end(store)
    warnings = _warnings(store, target, system, now.server or clock.time())
    return AccountCheck(Verdict.OK, f"PVOutput knows the system: {system.name}", system, warnings)


def _verdict(outcome: replies.Outcome) -> Verdict:
    match outcome:
        case replies.QuotaExceeded():
            return Verdict.QUOTA
        case replies.NetworkTrouble() | replies.Busy():
            return Verdict.UNREACHABLE
    return Verdict.REFUSED


def _warnings(store: sqlite3.Connection, target: Target, system: reply_fields.System, moment: float) -> tuple[str, ...]:
    """What the owner should put right: which field, and where."""
    lines = [account.zone_mismatch(system, target.settings.site.timezone, moment)]
    if not system.zone:
        lines.append("PVOutput has no time zone for this system: set it there, under Settings, in the system's "
                     "Timezone")
    if not system.interval_known:
        lines.append("PVOutput did not tell the system's status interval: 5 minutes are taken. Set it there, under "
                     "Settings, in the system's Status Interval")
    if not system.size_w:
        lines.append("PVOutput did not tell the system's size: set it there, under Settings, in the system's "
                     "Number Of Panels and Panel Power")
    elif not target.key:
        lines += sizes(system.size_w, target.settings.site.size_w, reads.peak_w(store))
    missing = [serial for serial in target.devices if serial not in {known for _, known in reads.serials(store)}]
    if missing:
        lines.append(f"no device {', '.join(missing)} was ever heard: check pvoutput.system's devices")
    if any(getattr(target.account, name) for name in EXTENDED) and not system.donor:
        lines.append("v7 to v12 are taken from donors only: they wait until PVOutput knows a donation")
    return tuple(line for line in lines if line)


def sizes(theirs_w: int, ours_w: int, peak_w: int | None) -> list[str]:
    """PVOutput's size of the system beside the settings' and beside what the roof has made."""
    lines = []
    if ours_w and abs(ours_w - theirs_w) * 100 > SIZE_PERCENT * max(ours_w, theirs_w):
        lines.append(f"the system has {theirs_w} W at PVOutput and {ours_w} W in site.size_w: correct the wrong one")
    limit_w = theirs_w * POWER_PERCENT // 100
    if peak_w is not None and peak_w > limit_w:
        lines.append(f"the roof has made {peak_w} W, and PVOutput takes no power above {limit_w} W from a system of "
                     f"{theirs_w} W: correct the size at PVOutput")
    return lines


def _client(target: Target) -> Client | str:
    """The client for a system, or what the owner must change."""
    try:
        return Client(target.account)
    except (BadCredentials, InsecureUrl) as error:
        return str(error)


def _step(store: sqlite3.Connection, settings: Settings, clock: Clock) -> Step:
    listed = targets(settings) or [main_target(settings)]
    unusable = _client(listed[0])
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
    client = _client(task.target)
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
        now = _learn(store, clock, reply)
        what = _apply(store, now, task, reply.outcome)
    title = f" ({task.target.title})" if task.target.title else ""
    level = logging.DEBUG if isinstance(reply.outcome, replies.Accepted) else logging.WARNING
    log.log(level, "PVOutput%s: %s: %s", title, task.what, what)
    return what


def _learn(store: sqlite3.Connection, clock: Clock, reply: Reply) -> Now:
    """Take over the time and the quota that an answer told."""
    if not reply.answered:
        return servertime.read(store, clock)
    now = servertime.learn(store, clock, reply.date)
    quota.learn(store, now, reply.quota)
    return now


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
