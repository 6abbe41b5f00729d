"""When the first visit may choose the password: only for CLAIM_S after the box got power, or suntap came onto it.

Theory: whoever opens the page first owns the box, so that must be somebody who can pull its plug. The time counts on
the clock that runs since power-on and that nobody can set. A process that was started again in the same boot opens
nothing: else a stranger who ends it would. `suntap reset-password` opens it anew.
"""
import json
import math
import os
import time
from pathlib import Path

from appliance.system import heartbeat
from appliance.system.clock import boot_id
from webui.limits import CLAIM_S

OPENED = "web-claim.json"       # written by `suntap reset-password`: {"boot_id", "at"}
MAX_BYTES = 4096


class Claim:
    """The window of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / OPENED
        self._started = _since_power_on() if heartbeat.read("web", data_dir) is None else float("-inf")

    def is_open(self) -> bool:
        """Whether a first password may be chosen now."""
        now = _since_power_on()
        return now < CLAIM_S or now - self._started < CLAIM_S or 0 <= now - self._opened() < CLAIM_S

    def was_reset(self) -> bool:
        """Whether the password was reset in this boot: what is chosen next is not the first one."""
        return math.isfinite(self._opened())

    def _opened(self) -> float:
        """When `suntap reset-password` opened it, in this boot."""
        try:
            with open(self.path, "rb", opener=_no_wait) as file:
                said = json.loads(file.read(MAX_BYTES))
            return float(said["at"]) if said["boot_id"] == boot_id() else float("-inf")
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return float("-inf")


def _since_power_on() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _no_wait(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)
