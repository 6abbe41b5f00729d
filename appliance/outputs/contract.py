"""What the runner and an output agree on."""
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol

from appliance.errors import SuntapError
from appliance.settings import Settings
from appliance.system.clock import Clock


class OutputError(SuntapError):
    """The other side cannot be reached or does not take what it is sent: one line for the owner, without a secret.

    `wait_s`: it asked not to be tried before so many seconds.
    """

    http_status = 502

    def __init__(self, text: str, wait_s: float = 0.0) -> None:
        super().__init__(text)
        self.wait_s = wait_s


@dataclass(frozen=True)
class Fact:
    """A lamp or a notice of the health rooms. `state` is ok, warn, bad or unknown; `device` a serial or "". A lamp
    about a device repeats that device's notice."""

    name: str
    state: str
    text: str
    advice: str = ""
    device: str = ""
    since: int | None = None    # UTC seconds, where it is about one moment


@dataclass(frozen=True)
class Facts:
    """How the box is just now."""

    lamps: Sequence[Fact] = ()
    notices: Sequence[Fact] = ()


@dataclass
class Context:
    """What an output works with. `stop`: end soon. `tell`: put counters and words into the status."""

    store: sqlite3.Connection
    settings: Settings
    clock: Clock
    facts: Callable[[], Facts]
    stop: Event
    status: dict[str, Any] = field(default_factory=dict)

    def count(self, name: str, number: int = 1) -> None:
        """Add to a counter of the status."""
        self.status[name] = self.status.get(name, 0) + number


class Output(Protocol):
    """One output that is switched on."""

    def step(self) -> float:
        """A bounded piece of work; real seconds until the next. Raises OutputError, sqlite3.Error."""

    def wait(self, seconds: float) -> None:
        """Wait for so long, or until the context's `stop`."""

    def close(self) -> None:
        """Say goodbye to the other side, in bounded time. Raises nothing."""
