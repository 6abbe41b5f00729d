"""The two slots of the card, by way of RAUC: `rauc` asks its service, over D-Bus, which alone writes to the card.

Names are those of U-Boot's choice, A and B (appliance/update/boot_choice). What RAUC does with them is said in
/etc/rauc/system.conf and /usr/lib/suntap-image/slots.
"""
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from appliance.update.bundle import UpdateError

CMDLINE = Path("/proc/cmdline")
BOOTED = re.compile(r"(?:^|\s)rauc\.slot=([AB])(?:\s|$)")
PERCENT = re.compile(r"\b(\d{1,3})% ")
ERROR = "LastError: "
MAX_REASON = 300            # characters
STEP_PERCENT = 10           # between two words of the progress
RAUC_S = 120.0              # for a change of the choice: two sectors
OTHER = {"A": "B", "B": "A"}


def booted() -> str:
    """The slot that runs, A or B; "" on a system without slots."""
    try:
        found = BOOTED.search(CMDLINE.read_text(encoding="ascii", errors="replace"))
    except OSError:
        return ""
    return found[1] if found else ""


class Slots:
    """The slots of the card that runs."""

    def __init__(self) -> None:
        self.booted = booted()
        self.other = OTHER.get(self.booted, "")

    def write(self, bundle: Path, tell: Callable[[int], None]) -> None:
        """Write RAUC's bundle to the other slot; `tell` gets the percentage now and then. Raises UpdateError."""
        lines: list[str] = []
        told = -STEP_PERCENT
        with _start("install", str(bundle)) as rauc:
            assert rauc.stdout
            for line in rauc.stdout:
                lines = [*lines[-20:], line.strip()]
                if (found := PERCENT.search(line)) and int(found[1]) >= told + STEP_PERCENT:
                    told = int(found[1])
                    tell(told)
        if rauc.returncode:
            raise UpdateError(f"the system could not be written to the card: {_reason(lines)}")

    def try_other(self) -> None:
        """Let the next start be the other slot's first try. Raises UpdateError."""
        _rauc("status", "mark-active", "other")

    def stay(self) -> None:
        """Let no other slot than this one be started any more, which is the kept one. Raises UpdateError."""
        _rauc("status", "mark-active", "booted")

    def keep(self) -> None:
        """Keep the slot that runs, which is on trial. Raises UpdateError."""
        _rauc("status", "mark-good", "booted")

    def give_up(self) -> None:
        """End the trial of the slot that runs: the next start is the kept one's. Raises UpdateError."""
        _rauc("status", "mark-bad", "booted")

    def restart(self) -> None:
        """Restart the box, in order; returns before it does. Raises UpdateError."""
        # What `systemctl reboot` does, without asking logind, to which this unit's rights are not enough.
        _run("systemctl", "start", "--no-block", "--job-mode=replace-irreversibly", "reboot.target")


def _rauc(*words: str) -> None:
    _run("rauc", *words)


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=RAUC_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UpdateError(f"{' '.join(command)}: {error}") from error
    if done.returncode:
        raise UpdateError(f"{' '.join(command)}: {_reason(done.stdout.splitlines())}")


def _start(*words: str) -> "subprocess.Popen[str]":
    try:
        return subprocess.Popen(["rauc", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace")
    except OSError as error:
        raise UpdateError(f"rauc: {error.strerror}") from error


def _reason(lines: list[str]) -> str:
    """What RAUC says of the error, else the last line that says something."""
    told = [" ".join(line.split()) for line in lines if line.strip()]
    errors = [line.removeprefix(ERROR) for line in told if line.startswith(ERROR)]
    return ([*told, *errors] or ["failed"])[-1][:MAX_REASON]
