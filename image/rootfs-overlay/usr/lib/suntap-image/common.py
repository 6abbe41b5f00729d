"""What the boot services share: where things are, what went wrong for the page to show, files for other programs."""
import os
import re
from pathlib import Path

BOOT = Path("/boot/firmware")
DATA = Path("/data")
RUN = Path("/run/suntap-image")
# Folders of the data partition, each bound to its place.
PLACES = {"suntap": "/var/lib/suntap", "settings": "/etc/suntap", "update": "/var/lib/suntap-update",
          "timesync": "/var/lib/systemd/timesync"}


def report(name: str, problems: list[str]) -> None:
    """Keep `problems` (one line each) for the page, in /run/suntap-image/problems/NAME, and put them in the journal."""
    for line in problems:
        print(line, flush=True)
    write(RUN / "problems" / name, "".join(f"{' '.join(line.split())}\n" for line in problems))


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a small file and the folders above it: after a power cut it is the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)


def read_mac(path: Path) -> str:
    """The MAC that a file holds; empty where it is missing or damaged."""
    try:
        found = re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", path.read_text(errors="replace").strip())
    except OSError:
        return ""
    return found[0] if found else ""
