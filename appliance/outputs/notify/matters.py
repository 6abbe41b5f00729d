"""What deserves a message: lamps and notices → matters, and which of them is told when. Pure.

    waiting → open → closed        there, not told yet → told → told that it is over

A matter is told once it has lasted for its patience, and is over once it has been away for OVER_S. It is told at
most once a day, and once more when it is over. Only what is out of order (bad) is told by night. An event, which
happens at one moment and has no end, is told once and never over.
"""
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from appliance.outputs.contract import Fact, Facts

MINUTE, HOUR, DAY = 60, 3600, 86_400
PATIENCE = {                # seconds, by lamp and state; a night is no matter, so that of "decode" is longer than one
    ("capture", "warn"): 3 * HOUR, ("decode", "warn"): 20 * HOUR, ("disk", "warn"): HOUR, ("disk", "bad"): 0,
    ("clock", "warn"): 6 * HOUR, ("clock", "bad"): HOUR, ("box", "warn"): HOUR, ("collector", "warn"): HOUR,
}
PATIENCE_BAD, PATIENCE_WARN = 15 * MINUTE, DAY      # of other lamps; a notice is told at once
OVER_S = 30 * MINUTE
AGAIN_S = DAY               # between two messages that one matter has begun
DAYTIME = range(8, 20)      # local hours in which everything is told
EVENTS = frozenset({"restart", "jump", "outlier", "held", "malformed", "damage", "replaced"})
UNTOLD = frozenset({"outputs"})     # the lamp of the outputs themselves: its failures may be this one's


@dataclass(frozen=True)
class Matter:
    """One matter. Times in UTC seconds: `since` it is there; `told`: when its beginning was last told; `gone`: since
    when it is away. `open`: told, and not yet told to be over."""

    text: str
    advice: str
    bad: bool
    event: bool
    patience_s: int
    since: int
    told: int | None = None
    open: bool = False
    gone: int | None = None


@dataclass(frozen=True)
class News:
    """What is to be told now: what needs the owner, what is over, and what is to be remembered once both are told."""

    begun: tuple[Matter, ...]
    over: tuple[Matter, ...]
    known: dict[str, Matter]


def current(facts: Facts, now: int) -> dict[str, Matter]:
    """The matters that there are now, by a key that stays the same while they last."""
    found = {}
    for lamp in facts.lamps:    # one about a device repeats that device's notice
        if lamp.state in ("warn", "bad") and lamp.name not in UNTOLD and not lamp.device:
            bad = lamp.state == "bad"
            patience = PATIENCE.get((lamp.name, lamp.state), PATIENCE_BAD if bad else PATIENCE_WARN)
            found[f"lamp {lamp.name}"] = Matter(lamp.text, lamp.advice, bad, False, patience, now)
    for notice in facts.notices:
        if notice.state in ("warn", "bad"):
            bad = notice.state == "bad"
            found[_key(notice)] = Matter(notice.text, notice.advice, bad, notice.name in EVENTS, 0, now)
    return found


def _key(notice: Fact) -> str:
    moment = f" {notice.since}" if notice.name in EVENTS and notice.since is not None else ""
    return f"notice {notice.name} {notice.device}{moment}"


def silent_start(there: Mapping[str, Matter], now: int) -> dict[str, Matter]:
    """What is remembered when messages are switched on: events of before are not told any more."""
    return {key: replace(matter, told=now, open=True) for key, matter in there.items() if matter.event}


def judge(known: Mapping[str, Matter], there: Mapping[str, Matter], now: int, zone: ZoneInfo) -> News:
    """What is to be told at `now`, given what is remembered and what is there."""
    day = datetime.fromtimestamp(now, zone).hour in DAYTIME
    begun, over, after = [], [], {}
    for key in sorted({*known, *there}):
        old, new = known.get(key), there.get(key)
        matter = _present(old, new, now, day) if new is not None else _absent(known[key], now, day)
        if matter is not None:
            after[key] = matter
            if matter.open and not (old and old.open):
                begun.append(matter)
            if old and old.open and not matter.open:
                over.append(matter)
    return News(tuple(begun), tuple(over), after)


def _present(old: Matter | None, new: Matter, now: int, day: bool) -> Matter:
    if old is not None and old.open:
        return replace(new, since=old.since, told=old.told, open=True)
    if old is not None:
        new = replace(new, since=min(now, old.since if old.gone is None else now), told=old.told)
    due = now - new.since >= new.patience_s and (new.told is None or abs(now - new.told) >= AGAIN_S)
    return replace(new, told=now, open=True) if due and (day or new.bad) else new


def _absent(old: Matter, now: int, day: bool) -> Matter | None:
    gone = now if old.gone is None else min(now, old.gone)
    if old.open and not old.event:
        return replace(old, gone=gone, open=now - gone < OVER_S or not (day or old.bad))
    if old.event or old.told is None or abs(now - old.told) >= AGAIN_S:
        return None         # an event that is not told any more, or never told, or long closed
    return replace(old, gone=gone)
