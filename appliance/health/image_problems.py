"""What the SD-card image's own start-up could not do as asked: lines for the page. Nothing on other systems.

Written by image/rootfs-overlay/usr/lib/suntap-image: one file per start-up service, one problem a line.
"""
from contextlib import suppress
from pathlib import Path

PROBLEMS = Path("/run/suntap-image/problems")
MAX_BYTES = 8192


def on_image() -> bool:
    """Whether this is the SD-card image, on which nobody has a shell."""
    return PROBLEMS.parent.exists()


def problems(folder: Path = PROBLEMS) -> list[str]:
    """The problems of this boot, oldest service first; empty when there are none."""
    found: list[str] = []
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            found += path.read_bytes()[:MAX_BYTES].decode(errors="replace").splitlines()
    return found
