"""The one place that asks what time it is.

Everything above spcore takes a Clock, so tests set it, the demo accelerates it, and nothing else calls time.time().
"""
import os
import time
from dataclasses import dataclass

ENVIRONMENT = "SUNTAP_CLOCK"


@dataclass(frozen=True)
class Clock:
    """Wall clock: seconds since 1970 UTC. `rate` > 1 runs faster from `start` on (the demo's accelerated time)."""

    real_start: float = 0.0
    start: float = 0.0
    rate: float = 1.0

    def time(self) -> float:
        """Now, in seconds since 1970 UTC."""
        return self.start + (time.time() - self.real_start) * self.rate

    def sleep_seconds(self, seconds: float) -> float:
        """How long to really sleep so that `seconds` of this clock pass."""
        return seconds / self.rate

    def to_environment(self) -> str:
        """The value for SUNTAP_CLOCK that gives a child process this same clock."""
        return f"{self.real_start!r},{self.start!r},{self.rate!r}"


def from_environment() -> Clock:
    """The clock the parent asked for in SUNTAP_CLOCK, else the system's."""
    text = os.environ.get(ENVIRONMENT, "")
    if not text:
        return Clock()
    real_start, start, rate = (float(part) for part in text.split(","))
    return Clock(real_start, start, rate)
