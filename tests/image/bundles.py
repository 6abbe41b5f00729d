"""Update files for the box under test: the package just built with another version, whole or broken."""
import re
import shutil
import subprocess
from pathlib import Path

from appliance.update import bundle
from tests.image.conftest import TOP


def make(work: Path, version: str, broken: bool = False) -> Path:
    """A bundle signed with the key of this build. `broken`: its processes end at once."""
    package = max((TOP / "build").glob("suntap_*_arm64.deb"), key=lambda path: path.stat().st_mtime)
    tree = work / f"tree-{version}"
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-R", str(package), str(tree)], check=True)
    for path, pattern, new in (
            (tree / "DEBIAN/control", r"(?m)^Version: .*$", f"Version: {version}"),
            (tree / "usr/lib/suntap/appliance/__init__.py", r'__version__ = ".*"', f'__version__ = "{version}"')):
        path.write_text(re.sub(pattern, new, path.read_text()))
    if broken:
        main = tree / "usr/lib/suntap/appliance/cli/__main__.py"
        main.write_text("raise SystemExit('broken on purpose')\n")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(tree), str(work / "new.deb")], check=True,
                   capture_output=True)
    target = work / f"{version}.suntap-update"
    bundle.write(target, work / "new.deb", TOP / "build/update-key.pem")
    return target
