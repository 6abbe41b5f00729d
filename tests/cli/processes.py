"""Starts suntap's long-running processes for a test and waits for what they do, with a limit instead of a sleep."""
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from appliance.system import heartbeat
from tests.cli.command import command, environment

LIMIT_S = 60.0

Found = TypeVar("Found")


def wait_for(what: Callable[[], Found], limit_s: float = LIMIT_S) -> Found:
    """The first true answer of `what`; fails when there is none within `limit_s`."""
    end = time.monotonic() + limit_s
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, f"nothing within {limit_s} s: {what}"
        time.sleep(0.05)


@contextmanager
def running(*arguments: object, log: Path, prefix: Sequence[str] = (),
            **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """`suntap ARGUMENTS` while the block runs, its stderr in `log`; ended with SIGTERM, at worst SIGKILL."""
    with open(log, "ab") as errors:
        process = subprocess.Popen([*prefix, *command(*arguments)], stdout=errors, stderr=errors,
                                   stdin=subprocess.DEVNULL, cwd="/", env=environment(**more))
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def beat(name: str, data_dir: Path) -> dict | None:
    """The heartbeat of process `name` if it is alive."""
    last = heartbeat.read(name, data_dir)
    return last if last and last["alive"] else None


def listens_on_the_wire(pid: int) -> bool:
    """Whether a process has a packet socket: its capture has begun."""
    packets = {line.split()[-1] for line in Path("/proc/net/packet").read_text().splitlines()[1:]}
    links = []
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):       # closed meanwhile
            links.append(os.readlink(one))
    return any(link.removeprefix("socket:[").removesuffix("]") in packets for link in links)


def kill(pid: int) -> None:
    """kill -9."""
    os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether there is such a process that is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
