"""The one place that asks what time it is.

Everything above spcore takes a Clock, so tests set it, the demo accelerates it, and nothing else calls time.time().
"""
import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ENVIRONMENT = "SUNTAP_CLOCK"
MARK = "SUNTAP_CLOCK_MARK"      # names a file that exists once the system's time is more than a guess
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Clock:
    """Wall clock: seconds since 1970 UTC. `rate` > 1 runs faster from `start` on (the demo's accelerated time)."""

    real_start: float = 0.0
    start: float = 0.0
    rate: float = 1.0

    def time(self) -> float:
        """Now, in seconds since 1970 UTC."""
        return self.start + (time.time() - self.real_start) * self.rate

    def steady(self) -> tuple[str, float]:
        """(origin, seconds since it): no step of the wall clock moves it, and it goes on across processes.

        The origin is this boot of the machine (and this clock's rate); seconds compare only under one origin.
        """
        return (f"{boot_id()}/{self.rate!r}/{self.real_start!r}",
                time.clock_gettime(time.CLOCK_BOOTTIME) * self.rate)

    def sleep_seconds(self, seconds: float) -> float:
        """How long to really sleep so that `seconds` of this clock pass."""
        return seconds / self.rate

    def to_environment(self) -> str:
        """The value for SUNTAP_CLOCK that gives a child process this same clock."""
        return f"{self.real_start!r},{self.start!r},{self.rate!r}"


def system_seconds() -> float:
    """The system's own wall clock, for what is compared with the times of files: those do not follow a Clock."""
    return time.time()


@cache
def boot_id() -> str:
    """Kernel boot id; values stored under another id are stale."""
    return BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""


def from_environment() -> Clock:
    """The clock the parent asked for in SUNTAP_CLOCK, else the system's."""
    text = os.environ.get(ENVIRONMENT, "")
    if not text:
        return Clock()
    real_start, start, rate = (float(part) for part in text.split(","))
    return Clock(real_start, start, rate)


def is_set() -> bool:
    """False while the system's time is a guess: the appliance has no clock chip and no NTP server has answered yet."""
    mark = os.environ.get(MARK, "")
    return not mark or os.path.exists(mark)
