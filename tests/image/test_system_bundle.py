"""The update file of a whole system: made of a real ext4 by a real rauc, with the version and schemas in it."""
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.update import bundle, index
from tests.image import bundles
from tests.update.conftest import keys, make_index, make_key

__all__ = ["keys", "make_index"]
VERSION = "0.2.0+20260509"
FILES = {"etc/suntap-image": f"built=2026-05-08\ndebian=2026-05-09\nversion={VERSION}\n",
         "usr/lib/suntap/appliance/__init__.py": '__version__ = "0.2.0"\n',
         "usr/lib/suntap/appliance/cli/__main__.py": "",
         **{f"usr/lib/suntap/appliance/store/sql/{name}.sql": "" for name in (
             "store/0009_a", "store/0091_b", "inbox/0007_x")}}

pytestmark = pytest.mark.skipif(not shutil.which("rauc") or not shutil.which("mksquashfs"),
                                reason="needs rauc and squashfs-tools")


@pytest.fixture
def root(tmp_path: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A slot's file system, and the keys of a maker in a folder of their own."""
    for name, text in FILES.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(text)
    (tmp_path / "tree/dense").write_bytes(os.urandom(1 << 16))     # rauc makes no bundle of less than a page
    shutil.copy(keys[0], tmp_path / "update-key.pem")
    monkeypatch.setenv("SUNTAP_UPDATE_KEY", str(tmp_path / "update-key.pem"))
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-d", tmp_path / "tree", tmp_path / "root.ext4", "16M"],
                   check=True)
    return tmp_path / "root.ext4"


def test_what_is_in_it_is_the_system_signed_twice(root: Path, keys: tuple[Path, Path], tmp_path: Path,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    bundles.builder().main(root, tmp_path / "out.suntap-update")
    assert capsys.readouterr().out == f"{tmp_path}/out.suntap-update\n"
    with open(tmp_path / "out.suntap-update", "rb") as file:
        manifest, system = bundle.read(file, keys[1])
        bundle.take(system, manifest, tmp_path / "system.raucb")
    assert (manifest.version, manifest.architecture) == (VERSION, "arm64")
    assert manifest.schemas == {"store": 91, "inbox": 7}
    said = subprocess.run(["rauc", "info", f"--keyring={tmp_path}/update-cert.pem", "--output-format=shell",
                           tmp_path / "system.raucb"], check=True, capture_output=True, text=True).stdout
    assert "RAUC_MF_COMPATIBLE='suntap-arm64'" in said and f"RAUC_MF_VERSION='{VERSION}'" in said
    other = make_key(tmp_path, "other")[1]
    with open(tmp_path / "out.suntap-update", "rb") as file, pytest.raises(bundle.UpdateError, match="signature"):
        bundle.read(file, other)


def test_the_list_goes_along_if_it_tells_of_this_system(root: Path, keys: tuple[Path, Path], tmp_path: Path,
                                                        make_index: Callable[..., Path]) -> None:
    build = bundles.builder()
    build.main(root, tmp_path / "out", make_index(VERSION))
    with open(tmp_path / "out", "rb") as file:
        assert index.read(file, keys[1])[0].version == VERSION
    with pytest.raises(SystemExit, match="make both anew"):
        build.main(root, tmp_path / "out", make_index("0.2.0+20260101"))


def test_a_system_without_slots_is_none(root: Path, tmp_path: Path) -> None:
    bundles.replace(root, "/etc/suntap-image", "built=2026-05-08\n")
    with pytest.raises(SystemExit, match="no system of a card with two slots"):
        bundles.builder().main(root, tmp_path / "out")


def test_the_systems_of_the_boot_test_have_their_own_version_or_do_not_start(
        root: Path, keys: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = bundles.builder()
    build.ROOT = root
    monkeypatch.setattr(bundles, "builder", lambda: build)
    made = bundles.make(tmp_path, "9.0.1", broken=bundles.MAIN)
    assert bundle.announced(made, keys[1]).version == "9.0.1+20260509"
