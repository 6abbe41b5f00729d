#!/usr/bin/env python3
"""image/index.py [OUT]: what the maker says of Debian's security fixes and of this version: build/suntap-arm64.index.

apt fetches Debian's lists into a folder of its own and checks their signatures; the host's own sources do not count.
Signed as the updates are (appliance/update/index.py). Prints the moment of Debian's security state: image/build.sh
takes it as SUNTAP_DEBIAN_STATE and makes a base of that state instead of one that it has kept.
"""
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP))

from appliance import __version__  # noqa: E402
from appliance.update import fixes, index  # noqa: E402

SUITE, ARCHITECTURE = "trixie", "arm64"
MIRROR = os.environ.get("SUNTAP_DEBIAN_MIRROR", "http://deb.debian.org")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
FIELD = re.compile(r"^(Package|Version|Source): (\S+)", re.M)
PINNED = re.compile(r"src:(\S+)")


def packages(text: str) -> Iterable[tuple[str, str, str]]:
    """(package, its source, version) of each paragraph of a Packages file."""
    for paragraph in text.split("\n\n"):
        fields = dict(FIELD.findall(paragraph))
        if {"Package", "Version"} <= set(fields):
            yield fields["Package"], fields.get("Source", fields["Package"]), fields["Version"]


def newest(security: str, backports: str, pinned: set[str]) -> dict[str, str]:
    """Package → its newest fix. What the image has from the backports (`pinned` sources) is mended there."""
    found: dict[str, str] = {}
    chosen = [(package, version) for package, source, version in packages(security) if source not in pinned]
    chosen += [(package, version) for package, source, version in packages(backports) if source in pinned]
    for package, version in chosen:
        if package not in found or fixes.is_older(found[package], version):
            found[package] = version
    return found


def fetch(folder: Path) -> tuple[str, str, str]:
    """Debian's lists as texts: the Packages of security and of the backports, and the Release file of security."""
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "sources.list").write_text("".join(
        f"deb [signed-by={KEYRING}] {MIRROR}/{archive} {suite} main non-free-firmware\n"
        for archive, suite in (("debian-security", f"{SUITE}-security"), ("debian", f"{SUITE}-backports"))))
    options = {"Dir::Etc::sourcelist": folder / "sources.list", "Dir::Etc::sourceparts": "/dev/null",
               "Dir::State::lists": folder / "lists", "Dir::State::status": "/dev/null", "Dir::Cache": folder,
               "APT::Architecture": ARCHITECTURE, "APT::Architectures": ARCHITECTURE, "Acquire::Languages": "none",
               "APT::Sandbox::User": "root", "APT::Update::Error-Mode": "any"}
    subprocess.run(["apt-get", "-q", *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
                    "update"], check=True, stdout=sys.stderr)
    texts = ["".join(subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", path], check=True, text=True,
                                    stdout=subprocess.PIPE).stdout + "\n\n"
                     for path in sorted((folder / "lists").glob(f"*{suite}_*Packages*")))
             for suite in (f"{SUITE}-security", f"{SUITE}-backports")]
    (release,) = (folder / "lists").glob(f"*{SUITE}-security_InRelease")
    return texts[0], texts[1], release.read_text()


def state(release: str) -> datetime:
    """When Debian made a Release file, in UTC."""
    return parsedate_to_datetime(re.findall(r"^Date: (.*)$", release, re.M)[0].replace("UTC", "+0000")).astimezone(UTC)


def system_version(moment: datetime) -> str:
    """The version of the system that image/build.sh makes of this state of Debian (image/hooks/slots)."""
    epoch = subprocess.run(["sh", "-c", "top=$1; . image/lib.sh; epoch", "sh", TOP], cwd=TOP, check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    day = max(moment, datetime.fromtimestamp(int(epoch), UTC))
    return f"{__version__}+{day:%Y%m%d}"


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        security, backports, release = fetch(Path(folder))
    listed = newest(security, backports, set(PINNED.findall((TOP / "image/debian/preferences").read_text())))
    moment = state(release)
    version = system_version(moment)
    made = int(datetime.now(UTC).timestamp())
    key = Path(os.environ.get("SUNTAP_UPDATE_KEY") or TOP / "build" / "update-key.pem")
    index.write(out, listed, index.Index(
        version, f"suntap-{version}-{ARCHITECTURE}.suntap-update", ARCHITECTURE, SUITE,
        moment.date().isoformat(), made, 0, ""), key)
    print(f"{out.name}: {len(listed):,} packages", file=sys.stderr)
    print(moment.strftime("%Y%m%dT%H%M%SZ"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TOP / "build" / index.name(ARCHITECTURE))
