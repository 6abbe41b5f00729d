"""When to stand in: a circuit breaker on what the wire shows. It probes nobody.

    closed      the maker answers, or there is no sign yet that it does not: nothing is touched
    open        this box answers in its place
    half-open   for two uploads it lets go, to see whether the maker answers again

    closed → open       tries of the PVS have gone unanswered for OPEN_AFTER_S; or the PVS is silent though its cable is
                        in: for as long where the maker was never seen to answer, for SILENT_AFTER_S where it was (some
                        firmware speaks once an hour, and silence alone says little about the maker)
    open → half-open    after RETRY_AFTER_S
    half-open → closed  the maker answered
    half-open → open    TRIES went unanswered, or there were none for HALF_OPEN_S, or the wire cannot be seen

Times are seconds of the steady clock. OPEN_AFTER_S is 33 minutes, because an outage of half an hour, seen from the
first try in it to the first one behind it, may look two minutes longer than it was: such outages do not open it.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

OPEN_AFTER_S = 33 * 60.0
SILENT_AFTER_S = 2 * 3600.0
RETRY_AFTER_S = 6 * 3600.0
TRIES = 2
ANSWER_S = 60.0             # a try that was not answered within it was not answered
LET_GO_S = 60.0             # our answer to the name lives for 15 s, our rules for 30: till then a try may meet us
HALF_OPEN_S = 2.5 * 3600


class State(Enum):
    """Of the breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True)
class Seen:
    """What the wire shows (wire.WireView.facts). `watched`: somebody looks now; `carrier`: the PVS's cable is in."""

    watched: bool = False
    carrier: bool = True
    started: float = 0.0
    tries: tuple[float, ...] = ()
    unanswered_since: float | None = None
    unanswered: int = 0
    answered: float | None = None

    @staticmethod
    def from_facts(facts: Mapping[str, Any], carrier: bool) -> "Seen":
        """From a heartbeat. Raises KeyError, TypeError, ValueError where it is not one."""
        def number(value: Any) -> float | None:
            return None if value is None else float(value)
        return Seen(True, carrier, float(facts["started"]), tuple(float(one) for one in facts["tries"]),
                    number(facts["unanswered_since"]), int(facts["unanswered"]), number(facts["answered"]))


class Breaker:
    """`state` since `since`. step() moves it."""

    def __init__(self, now: float, state: State = State.CLOSED, age_s: float = 0.0) -> None:
        """`age_s`: how long it has been in `state` already, as an earlier process noted."""
        self.state = state
        self.since = now - age_s

    def step(self, now: float, seen: Seen) -> str:
        """Move, if there is a reason; the reason in words, "" without a move."""
        reason = {State.CLOSED: self._closed, State.OPEN: self._open, State.HALF_OPEN: self._half_open}[self.state](
            now, seen)
        if reason:
            self.since = now
        return reason

    def _closed(self, now: float, seen: Seen) -> str:
        if not seen.watched or not seen.carrier:
            return ""
        if seen.unanswered_since is not None and now - seen.unanswered_since >= OPEN_AFTER_S:
            self.state = State.OPEN
            return (f"SunPower's server gave no answer for {_minutes(now - seen.unanswered_since)}, "
                    f"to {seen.unanswered} tries of your SunPower box")
        heard = max(seen.started, self.since, seen.answered or 0.0, *seen.tries[-1:])
        if now - heard >= (OPEN_AFTER_S if seen.answered is None else SILENT_AFTER_S):
            self.state = State.OPEN
            return f"your SunPower box has been silent for {_minutes(now - heard)} though its cable is in"
        return ""

    def _open(self, now: float, seen: Seen) -> str:
        if now - self.since < RETRY_AFTER_S or not seen.watched:
            return ""
        self.state = State.HALF_OPEN
        return "it is time to see whether SunPower's server answers again"

    def _half_open(self, now: float, seen: Seen) -> str:
        if seen.answered is not None and seen.answered >= self.since:
            self.state = State.CLOSED
            return "SunPower's server answers again"
        tries = [one for one in seen.tries if one >= self.since + LET_GO_S]
        if len(tries) >= TRIES and now - tries[TRIES - 1] >= ANSWER_S:
            self.state = State.OPEN
            return f"SunPower's server gave no answer to {TRIES} more tries of your SunPower box"
        if now - self.since >= HALF_OPEN_S:
            self.state = State.OPEN
            return f"your SunPower box did not try SunPower's server for {_minutes(now - self.since)}"
        if not seen.watched:
            self.state = State.OPEN
            return "the traffic cannot be seen, so nobody can tell whether SunPower's server answers"
        return ""


def _minutes(seconds: float) -> str:
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{round(seconds / 3600)} hours"
