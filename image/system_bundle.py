#!/usr/bin/env python3
"""image/system_bundle.py [ROOT [OUT [INDEX]]]: signs a system as an update file.

ROOT is the slot's file system that image/build.sh made (build/image/images/root.ext4); version and schemas are read
from it. `rauc bundle` makes RAUC's own bundle of it, which the card's RAUC checks with the certificate that is in every
image (bundle_certificate in image/lib.sh). Around it comes the update file, build/suntap-VERSION-arm64.suntap-update,
signed with build/update-key.pem or $SUNTAP_UPDATE_KEY, with the list of INDEX (image/index.py) in it if that is there.
Back up both keys: without them cards must be flashed again. Prints the update file's path.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP))

from appliance.update import bundle, index  # noqa: E402
from appliance.update.databases import DATABASES  # noqa: E402

ARCHITECTURE, COMPATIBLE = "arm64", "suntap-arm64"     # the latter is in etc/rauc/system.conf of the image
ROOT = TOP / "build/image/images/root.ext4"
COMPRESSED = "-comp zstd -Xcompression-level 19"
SQL = "/usr/lib/suntap/appliance/store/sql"
MANIFEST = """[update]
compatible={compatible}
version={version}

[bundle]
format=plain

[image.rootfs]
filename=root.ext4
"""


def shell(command: str) -> str:
    """What a function of image/lib.sh prints."""
    return subprocess.run(["sh", "-c", f"top=$1; . image/lib.sh; {command}", "sh", TOP], cwd=TOP, check=True,
                          stdout=subprocess.PIPE, text=True).stdout.strip()


def inside(root: Path, command: str) -> str:
    """What debugfs(8) prints of the file system in `root`."""
    return subprocess.run(["debugfs", "-R", command, root], check=True, capture_output=True, text=True).stdout


def version(root: Path) -> str:
    """The version that the system gives itself. Raises SystemExit where it gives none."""
    found = re.search(r"^version=(.+)$", inside(root, "cat /etc/suntap-image"), re.M)
    if not found:
        sys.exit(f"{root}: no system of a card with two slots")
    return found[1]


def schemas(root: Path) -> dict[str, int]:
    """Schema → its newest migration in the system."""
    return {schema: max(map(int, re.findall(r"/0*(\d+)_[^/]*\.sql/", inside(root, f"ls -p {SQL}/{schema}"))))
            for schema in DATABASES}


def rauc_bundle(root: Path, of: str, out: Path) -> None:
    """RAUC's bundle of the file system in `root`, in `out`."""
    certificate = Path(shell("bundle_certificate"))
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        (Path(folder) / "manifest.raucm").write_text(MANIFEST.format(compatible=COMPATIBLE, version=of))
        subprocess.run(["cp", "--sparse=always", root, Path(folder) / "root.ext4"], check=True)
        out.unlink(missing_ok=True)
        subprocess.run(["rauc", "bundle", f"--cert={certificate}",
                        f"--key={certificate.with_name('update-cert-key.pem')}", f"--mksquashfs-args={COMPRESSED}",
                        folder, out], check=True, stdout=subprocess.DEVNULL)


def main(root: Path = ROOT, out: Path | None = None, listed: Path | None = None) -> None:
    shell("need_packages rauc squashfs-tools e2fsprogs openssl")
    of = version(root)
    target = out or TOP / "build" / f"suntap-{of}-{ARCHITECTURE}.suntap-update"
    key = Path(os.environ.get("SUNTAP_UPDATE_KEY") or TOP / "build/update-key.pem")
    public = target.with_suffix(".pub")
    if listed is not None and listed.is_file():
        subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
        with open(listed, "rb") as file:
            tells = index.read(file, public)[0].version
        public.unlink()
        if tells != of:
            sys.exit(f"{listed.name} tells of version {tells}, the system is {of}: make both anew (./run release)")
    else:
        listed = None
    system = target.with_suffix(".raucb")
    rauc_bundle(root, of, system)
    bundle.write(target, system, bundle.Manifest(of, ARCHITECTURE, 0, "0" * 64, schemas(root)), key, listed)
    system.unlink()
    print(target)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
