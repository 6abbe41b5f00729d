"""Whether key and system hold: the one question to PVOutput that the page asks itself, one request a system.

It needs nothing of the posting, so the page holds nothing of that in memory.
"""
import sqlite3
from dataclasses import dataclass, replace
from enum import Enum

from appliance.ledger import reads
from appliance.pvoutput import account, pauses, quota, replies, reply_fields, servertime
from appliance.pvoutput.client import client_of
from appliance.pvoutput.cures import POWER_PERCENT
from appliance.pvoutput.rows import EXTENDED
from appliance.pvoutput.targets import Target, main_target, targets
from appliance.settings import Settings
from appliance.store import transaction
from appliance.system.clock import Clock

SIZE_PERCENT = 10       # two sizes of one system that differ by more are two sizes


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
    client = client_of(target.account)
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
        now = quota.hear(store, clock, reply if ours else replace(reply, quota=None))
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
