"""A parent process that starts suntap's processes, watches them and restarts those that end.

Theory: no process needs another one to run, so the order of starts does not matter. Each is restarted alone, after a
pause that doubles while it keeps failing. The children end with their parent: by SIGTERM and, after GRACE_S, SIGKILL;
by PR_SET_PDEATHSIG if the parent is killed. The image runs the same processes as systemd units instead.
"""
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event

PAUSE_MIN_S, PAUSE_MAX_S = 1.0, 60.0
STEADY_S = 30.0     # after a run this long, the next pause is the shortest again
GRACE_S = 5.0       # between SIGTERM and SIGKILL
LOOK_S = 0.2
PARENT = "SUNTAP_PARENT"    # pid of the parent: a child ends with it (appliance.system.service)


def python_module(*arguments: str) -> list[str]:
    """Return the command line that runs a module (its name first) with this Python and the same isolation."""
    return [sys.executable, *(["-P"] if sys.flags.safe_path else []), "-m", *arguments]


@dataclass
class Child:
    """One process of the family; `arguments` are those after `python -m`."""

    name: str
    arguments: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    pause_s: float = PAUSE_MIN_S
    started: float = 0.0
    start_at: float = 0.0
    restarts: int = field(default=-1)


class ProcessManager:
    """Runs children until `stop` is set. Calls `say` with one line for each event."""

    def __init__(self, children: Mapping[str, Sequence[str]], stop: Event, say: Callable[[str], None],
                 environment: Mapping[str, str] | None = None) -> None:
        self.children = [Child(name, arguments) for name, arguments in children.items()]
        self.stop, self.say = stop, say
        self.environment = {**os.environ, **(environment or {}), PARENT: str(os.getpid())}

    def run(self) -> None:
        """Start all children, restart those that end, and end all once `stop` is set."""
        try:
            while not self.stop.is_set():
                for child in self.children:
                    self._look_after(child)
                self.stop.wait(LOOK_S)
        finally:
            self.end()

    def end(self) -> None:
        """Send SIGTERM to all children; after GRACE_S, SIGKILL to those that still run."""
        running = [child.process for child in self.children if child.process and child.process.poll() is None]
        for process in running:
            process.terminate()
        end = time.monotonic() + GRACE_S
        for process in running:
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_at:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            return
        if now - child.started >= STEADY_S:
            child.pause_s = PAUSE_MIN_S
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        self.say(f"{child.name} ended ({how}): starting it again in {child.pause_s:.0f} s")
        child.process, child.start_at = None, now + child.pause_s
        child.pause_s = min(child.pause_s * 2, PAUSE_MAX_S)

    def _start(self, child: Child) -> None:
        child.started = time.monotonic()
        child.restarts += 1
        child.process = subprocess.Popen(
            python_module(*child.arguments), env=self.environment, stdin=subprocess.DEVNULL,
            start_new_session=True)  # Ctrl-C is for the parent: it ends its children in order
        self.say(f"{child.name} started (pid {child.process.pid})")
