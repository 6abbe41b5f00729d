"""Shared by the long-running commands: stop on a signal, the log, stop when the parent dies."""
import logging
import os
import signal
import sys
import threading
from types import FrameType

from appliance.system.process_manager import PARENT

PR_SET_PDEATHSIG = 1        # prctl(2)


class Stop(threading.Event):
    """Set by SIGTERM or Ctrl-C. Loops check it between two pieces of work and wait on it instead of sleeping."""

    def __init__(self) -> None:
        super().__init__()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.set()


def begin_log(name: str) -> None:
    """Log to stderr, one line an event: systemd's journal adds the time, `suntap run` shows all processes together."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=f"{name}: %(message)s")


def end_with_parent() -> None:
    """Ask the kernel to send SIGTERM when the parent `suntap run` dies, however it dies. Without one: nothing."""
    parent = os.environ.get(PARENT, "")
    if not parent.isdigit():
        return
    import ctypes  # 0.4 MB of each process that systemd starts without a parent of ours
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):  # it died before the call
        raise SystemExit(0)
