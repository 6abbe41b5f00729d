"""Who answers the PVS, for page and `suntap status`: the lamp "SunPower's server", the changes, the last answer.

Read from the heartbeats of capture, collector and redirect process and from the collector's journal. Times are UTC
seconds; ages come from the steady clock, which no step of the wall clock moves.
"""
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from appliance.collector import AUTO, OFF
from appliance.collector.breaker import OPEN_AFTER_S
from appliance.collector.breaker_file import Change, Journal
from appliance.health import image_problems
from appliance.health.finding import BAD, OK, UNKNOWN, WARN, Finding
from appliance.settings import Settings
from appliance.system import heartbeat
from appliance.system.clock import Clock

NAME = "collector"
SETTING = "Settings › SunPower’s server"
BLIND_S = 90.0
TRIES_S = 900       # a PVS that tries to report does so every few minutes
SEEN_S = 1800       # an answer older than this says nothing of now: the PVS reports every few minutes
BOX_FIRST, SERVER_FIRST = "See SunPower box first.", "See SunPower’s server first."
BEGINS = "Nothing to do: this box answers it now, and the readings follow within minutes."
KEEPS = "It keeps its readings until it gets an answer."
OFFLINE = ("This box does not reach the internet either: is your router on, and does the internet work on other "
           "devices at home? If it works on none, restart the router; if that does not help, call your internet "
           "provider.")
TAKES_OVER = f"If none comes for {round(OPEN_AFTER_S / 60)} minutes, this box answers in its place."


@dataclass(frozen=True, slots=True)
class CollectorFacts:
    """`state`: off | closed (SunPower answers) | open (this box does) | half-open | on. `stands_in`: the PVS is brought
    here now. `silent_s`: since the first try of the PVS that SunPower's server left unanswered; None: none known.
    `answered_s`: since its last answer. `tried_s`: since the last try of the PVS."""

    mode: str
    state: str
    since: int | None
    reason: str
    alive: bool
    stands_in: bool
    problem: str
    silent_s: float | None
    answered_s: float | None
    tries: int
    last_answer: dict[str, Any] | None
    counters: dict[str, int]
    changes: tuple[Change, ...]
    tried_s: float | None = None

    @property
    def waits(self) -> str:
        """What to do where the PVS tries to report, and has been left without an answer for longer than it takes;
        empty where that is not so."""
        tries = self.tried_s is not None and self.tried_s < TRIES_S
        if not tries or self.silent_s is None or self.silent_s < TRIES_S:
            return ""
        return BEGINS if self.state in ("open", "on") else SERVER_FIRST

    @property
    def answers(self) -> bool:
        """Whether SunPower's server was seen to answer within the last SEEN_S seconds."""
        return self.answered_s is not None and self.answered_s < SEEN_S

    def to_json(self) -> dict[str, Any]:
        """As /api/v1/status gives it; the newest change first. The counters stand in a table of their own."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("counters", "alive")}
        return {**found, "changes": [asdict(change) for change in self.changes]}


def collect(settings: Settings, clock: Clock) -> CollectorFacts:
    """What is known now. Never raises."""
    data_dir, mode = settings.store.data_dir, settings.collector.stand_in
    journal = Journal.load(data_dir)
    own = heartbeat.read("collector", data_dir) or {}
    redirect = heartbeat.read("redirect", data_dir) or {}
    silent, answered, tries, tried = _wire(data_dir, clock)
    last = journal.last if journal.last is not None and mode != OFF else None
    state = mode if mode != AUTO else last.state if last is not None and last.state not in ("on", "off") else "closed"
    active = bool(redirect.get("active")) and redirect.get("age_s", BLIND_S) < BLIND_S
    problem = str(own.get("problem") or own.get("names") or (own.get("wanted") and redirect.get("problem")) or "")
    answer = own.get("last_answer")
    return CollectorFacts(
        mode, state, last.time if last is not None else None, last.reason if last is not None else "",
        bool(own.get("alive")), active, problem, silent, answered, tries, answer if isinstance(answer, dict) else None,
        _numbers(own.get("counters")), tuple(reversed(journal.changes)), tried)


def _wire(data_dir: Path, clock: Clock) -> tuple[float | None, float | None, int, float | None]:
    """(seconds without an answer, seconds since the last answer, tries without one, seconds since the last try)."""
    last = heartbeat.read("capture", data_dir)
    facts = last.get("wire") if last and last["age_s"] < BLIND_S else None
    if not isinstance(facts, dict):
        return None, None, 0, None
    now = clock.steady()[1]

    def age(value: object) -> float | None:
        return max(0.0, now - value) if isinstance(value, int | float) else None

    tries, times = facts.get("unanswered"), facts.get("tries")
    return (age(facts.get("unanswered_since")), age(facts.get("answered")), tries if isinstance(tries, int) else 0,
            age(times[-1]) if isinstance(times, list) and times else None)


def _numbers(found: object) -> dict[str, int]:
    return {str(name): value for name, value in found.items() if isinstance(value, int)} if isinstance(
        found, dict) else {}


def lamp(facts: CollectorFacts, box_is_silent: bool = False, offline: bool = False) -> Finding:
    """SunPower's server, or who answers in its place. `box_is_silent`: the PVS has not reported for some time;
    `offline`: this box does not reach the internet either."""
    gone = facts.silent_s is not None and facts.silent_s >= OPEN_AFTER_S
    if facts.mode == OFF:
        if gone:
            if offline:
                return Finding(NAME, WARN, f"Your SunPower box has had no answer from the internet for "
                               f"{_span(facts.silent_s)}. {KEEPS}", OFFLINE)
            return Finding(NAME, WARN, f"SunPower’s server has left your SunPower box without an answer for "
                           f"{_span(facts.silent_s)}. {KEEPS}", f"Let this box answer in its place: {SETTING}.")
        if facts.answers:
            return Finding(NAME, OK, f"SunPower’s server answers; last {_span(facts.answered_s)} ago.")
        return Finding(NAME, UNKNOWN, *_waits(facts, box_is_silent))
    if not facts.alive:
        return Finding(NAME, BAD, "The part of suntap that answers in SunPower’s place has stopped.",
                       image_problems.start_again("suntap-collector"))
    if facts.state in ("open", "on"):
        if facts.problem:
            return Finding(NAME, WARN, f"This box should answer in SunPower’s place, but: {facts.problem}.",
                           image_problems.what_is_missing())
        why = "as you asked" if facts.state == "on" else facts.reason
        return Finding(NAME, OK, f"This box answers in the place of SunPower’s server: {why}.")
    if facts.state == "half-open":
        return Finding(NAME, OK, "This box lets two reports go to SunPower’s server, to see whether it answers again.")
    if gone:
        return Finding(NAME, WARN, f"SunPower’s server has given no answer for {_span(facts.silent_s)}.",
                       "This box takes over by itself.")
    if facts.answers:
        return Finding(NAME, OK, f"SunPower’s server answers; last {_span(facts.answered_s)} ago. This box takes over "
                       "if it stops.")
    return Finding(NAME, UNKNOWN, *_waits(facts, box_is_silent, TAKES_OVER))


def _waits(facts: CollectorFacts, box_is_silent: bool, *takes_over: str) -> tuple[str, str]:
    """What is and what to do, where SunPower's server was not seen to answer yet, or not lately."""
    if facts.silent_s is not None:
        return (f"Your SunPower box has tried SunPower’s server for {_span(facts.silent_s)}, without an answer so far.",
                " ".join(["Nothing to do: it tries again by itself.", *takes_over]))
    if facts.answered_s is not None:
        return ("Your SunPower box sends SunPower’s server nothing just now, so nobody can tell whether that answers. "
                f"It last did {_span(facts.answered_s)} ago.", BOX_FIRST)
    if box_is_silent:
        return ("Your SunPower box sends SunPower’s server nothing just now, so nobody can tell whether that answers.",
                BOX_FIRST)
    return ("No answer of SunPower’s server seen yet: suntap waits for the next report of your SunPower box.",
            " ".join(["Nothing to do: it reports every few minutes, and the answer shows here.", *takes_over]))


def _span(seconds: float | None) -> str:
    from appliance.health.lamps import duration
    return duration(seconds or 0.0)
