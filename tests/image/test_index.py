"""The index that a release makes of Debian's lists: what is newest of each package, and of which day."""
import importlib.util
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from appliance.update import index as indexes
from tests.update.conftest import make_key

ROOT = Path(__file__).resolve().parents[2]
SECURITY = """Package: openssl
Version: 3.5.4-1~deb13u1

Package: openssl
Version: 3.5.4-1~deb13u10

Package: libssl3t64
Source: openssl (3.5.4-1)
Version: 3.5.4-1~deb13u2
Description: a library
 Version: 9

Package: linux-image-arm64
Source: linux-signed-arm64 (6.12.9+1)
Version: 6.12.9-1
"""
BACKPORTS = """Package: linux-image-arm64
Source: linux-signed-arm64 (7.3.9+1)
Version: 7.3.9-1~bpo13+1

Package: openssl
Version: 4.0-1~bpo13+1
"""
RELEASE = """-----BEGIN PGP SIGNED MESSAGE-----

Codename: trixie-security
Date: Thu, 26 Nov 2026 21:03:36 UTC
Valid-Until: Thu, 03 Dec 2026 21:03:36 UTC
"""


@pytest.fixture
def index() -> ModuleType:
    spec = importlib.util.spec_from_file_location("image_index", ROOT / "image" / "index.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_package_has_its_newest_fix_and_the_kernel_that_of_the_backports(index: ModuleType) -> None:
    assert index.newest(SECURITY, BACKPORTS, {"linux-signed-arm64"}) == {
        "openssl": "3.5.4-1~deb13u10", "libssl3t64": "3.5.4-1~deb13u2", "linux-image-arm64": "7.3.9-1~bpo13+1"}


def test_the_sources_from_the_backports_are_those_of_the_image(index: ModuleType) -> None:
    assert {"linux", "linux-signed-arm64"} <= set(index.PINNED.findall(
        (ROOT / "image/debian/preferences").read_text()))


def test_what_it_writes_is_what_a_box_reads(index: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    private, public = make_key(tmp_path, "maker")
    monkeypatch.setenv("SUNTAP_UPDATE_KEY", str(private))
    monkeypatch.setattr(index, "fetch", lambda folder: (SECURITY, BACKPORTS, RELEASE))
    index.main(tmp_path / "out.index")
    assert capsys.readouterr().out == "20261126T210336Z\n"
    with open(tmp_path / "out.index", "rb") as file:
        found, listed = indexes.read(file, public)
    assert (found.debian, found.suite, found.architecture) == ("2026-11-26", "trixie", "arm64")
    assert found.version == index.system_version(datetime(2026, 11, 26, tzinfo=UTC))
    assert listed["linux-image-arm64"] == "7.3.9-1~bpo13+1"
    assert abs(found.made - datetime.now(UTC).timestamp()) < 600


def test_the_version_has_the_later_day_of_suntap_and_debian(index: ModuleType,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())))
    assert index.system_version(datetime(2026, 11, 26, tzinfo=UTC)) == f"{index.__version__}+20261126"
    assert index.system_version(datetime(2026, 10, 1, tzinfo=UTC)) == f"{index.__version__}+20261120"


def test_the_update_file_of_cards_with_one_slot_takes_it_along(
        index: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUNTAP_UPDATE_KEY", str(make_key(tmp_path, "maker")[0]))
    monkeypatch.setattr(index, "fetch", lambda folder: (SECURITY, BACKPORTS, RELEASE))
    index.main(tmp_path / "made.index")
    (tmp_path / "tree/DEBIAN").mkdir(parents=True)
    (tmp_path / "tree/DEBIAN/control").write_text(
        "Package: suntap\nVersion: 9.0\nArchitecture: arm64\nDescription: test\n"
        "Maintainer: a <a@localhost.invalid>\n")
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tmp_path / "tree", tmp_path / "s.deb"], check=True,
                   capture_output=True)
    for listed, given in ((True, tmp_path / "made.index"), (False, tmp_path / "none")):
        subprocess.run([ROOT / "image/update_bundle.py", tmp_path / "s.deb", tmp_path / "bundle", given], check=True,
                       capture_output=True)
        names = subprocess.run(["tar", "-tf", tmp_path / "bundle"], check=True, capture_output=True, text=True).stdout
        assert names.split() == ["manifest.json", "manifest.sig", "suntap.deb",
                                 *["index.json", "index.sig", "security.list"] * listed]
