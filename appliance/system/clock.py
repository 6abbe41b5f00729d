"""The only module that reads the wall clock.

Everything above spcore takes a Clock: tests set it and the demo accelerates it. No other module calls time.time().
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
    """Wall clock: seconds since 1970 UTC. With `rate` > 1 it runs faster from `start` on (the demo)."""

    real_start: float = 0.0
    start: float = 0.0
    rate: float = 1.0

    def time(self) -> float:
        """Return the current time in seconds since 1970 UTC."""
        return self.start + (time.time() - self.real_start) * self.rate

    def steady(self) -> tuple[str, float]:
        """Return (origin, seconds since the origin). Steps of the wall clock do not change it; all processes share it.

        The origin is this boot of the machine and this clock's rate. Seconds compare only if the origins are equal.
        """
        return (f"{boot_id()}/{self.rate!r}/{self.real_start!r}",
                time.clock_gettime(time.CLOCK_BOOTTIME) * self.rate)

    def sleep_seconds(self, seconds: float) -> float:
        """Return the real seconds in which `seconds` of this clock pass."""
        return seconds / self.rate

    def to_environment(self) -> str:
        """Return the value of SUNTAP_CLOCK that gives a child process this clock."""
        return f"{self.real_start!r},{self.start!r},{self.rate!r}"


def system_seconds() -> float:
    """Return the system's wall clock in seconds since 1970 UTC: to compare with file times, which follow no Clock."""
    return time.time()


@cache
def boot_id() -> str:
    """Kernel boot id; values stored under another id are stale."""
    return BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""


def from_environment() -> Clock:
    """Return the clock that the parent process put into SUNTAP_CLOCK, else the system's."""
    text = os.environ.get(ENVIRONMENT, "")
    if not text:
        return Clock()
    real_start, start, rate = (float(part) for part in text.split(","))
    return Clock(real_start, start, rate)


def is_set() -> bool:
    """Return False while the system's time is a guess: no clock chip, and no answer from an NTP server yet."""
    mark = os.environ.get(MARK, "")
    return not mark or os.path.exists(mark)
