#!/usr/bin/env python3
"""image/update_bundle.py DEB [OUT [INDEX]]: signs build/suntap_VERSION_arm64.deb as an update file of format 1.

It is for cards with one slot, written before suntap could renew the whole system: the last that they take. With the
list of INDEX (image/index.py) in it if that is there.
"""
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP))

from appliance.system.plain_tar import members  # noqa: E402
from appliance.update import bundle  # noqa: E402

FORMAT, PACKAGE = 1, "suntap.deb"


def main(package: Path, out: Path | None = None, listed: Path | None = None) -> None:
    fields = subprocess.run(["dpkg-deb", "--field", package, "Version", "Architecture"], check=True,
                            capture_output=True, text=True).stdout
    found, content = dict(line.split(": ", 1) for line in fields.splitlines()), package.read_bytes()
    data = (json.dumps({"version": found["Version"], "architecture": found["Architecture"], "size": len(content),
                        "sha256": hashlib.sha256(content).hexdigest(), "format": FORMAT}, indent=1) + "\n").encode()
    key = Path(os.environ.get("SUNTAP_UPDATE_KEY") or TOP / "build/update-key.pem")
    files: list[tuple[str, bytes | Path]] = [
        (bundle.MANIFEST, data), (bundle.SIGNATURE, bundle.sign(data, key)), (PACKAGE, content)]
    if listed is not None and listed.is_file():
        with open(listed, "rb") as file:
            files += [(member.name, member.read()) for member in members(file)]
    bundle.pack(out or package.with_suffix(".suntap-update"), files)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
