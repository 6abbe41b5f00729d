"""Which of Debian's security fixes this system lacks: its installed packages against a list (see index).

Versions are compared by dpkg itself. Packages of one source are one fix: openssl and libssl3 are mended together.
"""
import platform
import re
import subprocess
from pathlib import Path

from appliance.health import news
from appliance.health.news import Fix
from appliance.update.bundle import UpdateError

FIELD = re.compile(r"^(Package|Source|Status|Version): (\S+(?: \S+)*)", re.M)
DEBIAN_PACKAGES = "Debian's packages are not to be found on this system"


def installed(status: Path | None = None) -> dict[str, tuple[str, str]]:
    """Return installed package → (its source, its version). Raises UpdateError where dpkg has no list."""
    try:
        text = (status or news.STATUS).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UpdateError(f"{DEBIAN_PACKAGES} ({error.strerror})") from error
    found = {}
    for paragraph in text.split("\n\n"):
        fields: dict[str, str] = dict(FIELD.findall(paragraph))
        if fields.get("Status", "").endswith(" installed") and {"Package", "Version"} <= set(fields):
            found[fields["Package"]] = fields.get("Source", fields["Package"]).split()[0], fields["Version"]
    return found


def missing(here: dict[str, tuple[str, str]], listed: dict[str, str]) -> list[Fix]:
    """Return what is older here than the list says, one of each source, by name. Raises UpdateError."""
    found: dict[str, Fix] = {}
    for package, (source, version) in sorted(here.items()):
        newest = listed.get(package, version)
        if source not in found and newest != version and is_older(version, newest):
            found[source] = Fix(source, version, newest)
    return [found[source] for source in sorted(found)]


def is_older(version: str, than: str) -> bool:
    """Compare two versions by Debian's rules (deb-version(7)). Raises UpdateError without dpkg."""
    try:
        done = subprocess.run(["dpkg", "--compare-versions", version, "lt", than], check=False, capture_output=True)
    except OSError as error:
        raise UpdateError(f"{DEBIAN_PACKAGES} (dpkg: {error.strerror})") from error
    return done.returncode == 0


def suite() -> str:
    """Return Debian's name of this system, such as trixie; "" where it has none."""
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    except OSError:
        return ""


def architecture() -> str:
    """Return Debian's name of the processor. Raises UpdateError without dpkg."""
    try:
        done = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise UpdateError(f"{DEBIAN_PACKAGES} (dpkg does not answer)") from error
    return done.stdout.strip()
