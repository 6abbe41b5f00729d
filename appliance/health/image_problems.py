"""What the SD-card image's own start-up could not do as asked: lines for the page. Nothing on other systems.

Written by image/rootfs-overlay/usr/lib/suntap-image: one file per start-up service, one problem a line.
"""
from contextlib import suppress
from pathlib import Path

PROBLEMS = Path("/run/suntap-image/problems")
MAX_BYTES = 8192
SAYS_IT = ("The data partition", "The page’s password was reset")     # how such a line begins


def on_image() -> bool:
    """Whether this is the SD-card image, on which nobody has a shell."""
    return PROBLEMS.parent.exists()


def start_again(unit: str) -> str:
    """What to do about a service that has stopped: without a shell, what helps is the plug."""
    if on_image():
        return ("Unplug this box, wait ten seconds, plug it in again. If it stays, send the debug bundle from the "
                "Diagnostics page.")
    return f"Start it: `systemctl start {unit}`, or `suntap run`."


def what_is_missing() -> str:
    """What to do where the system lacks something that a process needs."""
    return ("Restart this box. If it stays, send the debug bundle from the Diagnostics page." if on_image() else
            "`suntap doctor` says what is missing on this system.")


def advice(problems: list[str]) -> str:
    """What to do about problems that do not say it themselves: those of what the owner wrote to the boot partition."""
    if all(problem.startswith(SAYS_IT) for problem in problems):
        return ""
    return "Turn this box off, put its card into a computer and correct the file suntap.toml on the drive SUNTAPBOOT."


def problems(folder: Path = PROBLEMS) -> list[str]:
    """The problems of this boot, oldest service first; empty when there are none."""
    found: list[str] = []
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            found += path.read_bytes()[:MAX_BYTES].decode(errors="replace").splitlines()
    return found
