"""The last log lines of suntap's processes, from the journal.

Only the services of the image write there; started from a terminal, suntap logs to that terminal, and the page says so.
The command line is fixed: nothing a visitor sends reaches it but a level that was looked up.
"""
import json
import subprocess
from dataclasses import dataclass

from webui.language import _
from webui.limits import LOG_LINES, LOG_TIMEOUT_S, MAX_LOG_LINE

LEVELS = {"error": 3, "warning": 4, "info": 6, "debug": 7}


@dataclass(frozen=True)
class Line:
    """One line: seconds since 1970 UTC, unit, syslog priority (0 to 7), text."""

    time: float
    unit: str
    priority: int
    text: str

    @property
    def level(self) -> str:
        """error, warning, info or debug."""
        return next((name for name, number in LEVELS.items() if self.priority <= number), "debug")


@dataclass(frozen=True)
class Journal:
    """Lines, oldest first; `trouble` says why there are none."""

    lines: list[Line]
    trouble: str = ""


def read(level: str = "info", lines: int = LOG_LINES, program: str = "journalctl") -> Journal:
    """The last lines of at least this level."""
    command = [program, "--quiet", "--no-pager", "--output=json", f"--lines={lines}", "--unit=suntap*",
               f"--priority={LEVELS.get(level, LEVELS['info'])}"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=LOG_TIMEOUT_S, check=False)
    except FileNotFoundError:
        return Journal([], _("This machine keeps no journal: the log is in the terminal where suntap was started."))
    except (OSError, subprocess.TimeoutExpired) as error:
        return Journal([], _("The journal cannot be read: {reason}.").format(reason=error))
    found = [line for line in map(parse, done.stdout.splitlines()) if line is not None]
    if found:
        return Journal(found)
    if done.returncode and b"add filter" not in done.stderr:  # that one: no journal knows such units
        return Journal([], _("The journal cannot be read: {reason}").format(
            reason=done.stderr.decode("utf-8", "replace").strip()[:200]))
    return Journal([], _("The journal has no line of suntap at this level. Started from a terminal, suntap logs "
                         "there."))


def parse(raw: bytes) -> Line | None:
    """One object of `journalctl -o json`; None if it is none."""
    try:
        entry = json.loads(raw)
        message = entry["MESSAGE"]
        if isinstance(message, list):  # journalctl's way to write what is not UTF-8
            message = bytes(message).decode("utf-8", "replace")
        unit = str(entry.get("_SYSTEMD_UNIT", "")).removesuffix(".service")
        return Line(int(entry["__REALTIME_TIMESTAMP"]) / 1e6, unit, int(entry.get("PRIORITY", 6)),
                    str(message)[:MAX_LOG_LINE])
    except (ValueError, KeyError, TypeError):
        return None
