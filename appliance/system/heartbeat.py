"""The heartbeat of each long-running process: one small JSON file per process.

Theory: the file holds the pid, the time of the start, the time of the last beat (on the clock that counts since boot
and cannot be set), the number of starts since boot, and the process's own counters. It is in the service's runtime
directory, which is memory, so it does not wear the SD card; without one (a laptop, the demo) in the data directory.
Readers try both and accept only a file for their data directory. Nothing depends on the file: it may be lost.
"""
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from appliance.system.clock import boot_id
from appliance.system.files import write_atomic
from appliance.system.sd_notify import notify

PROCESSES = ("capture", "supervisor", "web", "collector")
INTERVAL_S = 3.0    # between two writes of the file
STALE_S = 90.0      # a process silent for longer is stuck; no single request that it waits for takes as long
MAX_BYTES = 65536
MEMORY = Path("/run")  # its files are of this boot; in a container, a sandboxed service may see another boot_id


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Heartbeat:
    """The writing side. Only the loop that does the work calls beat()."""

    def __init__(self, process: str, data_dir: Path) -> None:
        runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
        self.path = Path(runtime or data_dir) / f"{process}-status.json"
        before = _load(self.path)
        same = before.get("boot_id") == boot_id() and before.get("data_dir") == str(data_dir)
        self._facts: dict[str, Any] = {
            "process": process, "data_dir": str(data_dir), "boot_id": boot_id(), "pid": os.getpid(),
            "since": _now(), "restarts": before.get("restarts", 0) + 1 if same else 0,
        }
        self._written = float("-inf")
        self.beats = 0

    def due(self) -> bool:
        """Return True if the last beat is at least INTERVAL_S old: more writes only wear the disk."""
        return _now() - self._written >= INTERVAL_S

    def beat(self, **facts: Any) -> None:
        """Write that a piece of work is done; `facts` replace those of the same name.

        Raises nothing if the disk is full: the process goes on without the file.
        """
        self._facts.update(facts)
        self._written = _now()
        self.beats += 1
        notify("WATCHDOG=1")
        with suppress(OSError):
            text = json.dumps({**self._facts, "beat": self._written})
            write_atomic(self.path, text.encode(), mode=0o644, durable=False)


def read(process: str, data_dir: Path) -> dict[str, Any] | None:
    """Return the last heartbeat of `process` for this data directory in this boot; None if there is none.

    "age_s" and "uptime_s" are added, in seconds.
    """
    found = [
        facts for path in _candidates(process, data_dir) for facts in (_load(path),)
        if facts.get("data_dir") == str(data_dir) and (path.is_relative_to(MEMORY) or facts.get("boot_id") == boot_id())
    ]
    if not found:
        return None
    last = max(found, key=lambda facts: facts["beat"])
    last["age_s"] = max(0.0, _now() - last["beat"])
    last["uptime_s"] = max(0.0, _now() - last["since"])
    last["alive"] = last["age_s"] < STALE_S and Path(f"/proc/{last['pid']}").exists()
    return last


def _candidates(process: str, data_dir: Path) -> Iterator[Path]:
    name = f"{process}-status.json"
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if runtime:
        yield Path(runtime) / name
    yield Path("/run/suntap") / name
    yield Path(f"/run/suntap-{process}") / name
    yield data_dir / name


def _load(path: Path) -> dict[str, Any]:
    """Return a heartbeat file's content; {} if there is no valid one."""
    try:
        with open(path, "rb", opener=_no_wait) as file:
            facts = json.loads(file.read(MAX_BYTES))
        numbers = (facts["beat"], facts["since"], facts["pid"], facts["restarts"])
        return facts if all(isinstance(number, int | float) for number in numbers) else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _no_wait(path: str, flags: int) -> int:
    """A pipe in the file's place keeps nobody waiting."""
    return os.open(path, flags | os.O_NONBLOCK)
