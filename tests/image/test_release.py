"""What a release page gets: every file or a word why not, checksums that hold, a signature of the updates' key. The
files are stand-ins here; the parts' own tests build them."""
import importlib.util
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = "# Changelog\n\n## 1.2.0 (2026-05-09)\n\n- More sun.\n\n## 1.1.0\n\n- Less rain.\n"


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / "image" / "release.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def artefacts(release: ModuleType) -> list[Any]:
    return release.artefacts("1.2.0", "1.2.0+20260509")


@pytest.fixture
def built(release: ModuleType, tmp_path: Path) -> Path:
    """A folder with every file of release 1.2.0, and an ephemeral key."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    folder = tmp_path / "built"
    folder.mkdir()
    for artefact in artefacts(release):
        (folder / artefact.name).write_text(artefact.what)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", folder / "key.pem"], check=True)
    return folder


def make(release: ModuleType, built: Path, without: set[str] | None = None, doubts: list[str] | None = None) -> Path:
    out = built.parent / "release"
    release.assemble(built, out, "1.2.0", "1.2.0+20260509", built / "key.pem", CHANGELOG, without or set(),
                     doubts or [])
    return out


def checked(release: ModuleType, out: Path) -> bool:
    """As NOTES.md tells an owner to do it."""
    sums = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=out, capture_output=True, check=False)
    signed = subprocess.run(release.VERIFY.split(), cwd=out, capture_output=True, check=False)
    return not sums.returncode and not signed.returncode


def test_a_whole_release_has_every_file_and_is_signed(release: ModuleType, built: Path) -> None:
    out = make(release, built)
    names = {path.name for path in out.iterdir()}
    assert names == {one.name for one in artefacts(release)} | {
        "NOTES.md", "SHA256SUMS", "SHA256SUMS.sig", "release-key.pem"}
    listed = {line.split("  ")[1] for line in (out / "SHA256SUMS").read_text().splitlines()}
    assert listed == names - {"SHA256SUMS", "SHA256SUMS.sig"}
    text = (out / "NOTES.md").read_text()
    assert "More sun." in text and "Less rain." not in text and "Left out" not in text and "draft" not in text
    assert release.INDEX in names
    assert release.VERIFY in text and all(artefact.name in text for artefact in artefacts(release))
    assert checked(release, out)


@pytest.mark.parametrize("changed", ["suntap_1.2.0_amd64.deb", "NOTES.md", "SHA256SUMS", "release-key.pem"])
def test_a_changed_file_is_found(release: ModuleType, built: Path, changed: str) -> None:
    out = make(release, built)
    with (out / changed).open("a") as file:
        file.write("#")
    assert not checked(release, out)


def test_another_key_s_signature_is_found(release: ModuleType, built: Path) -> None:
    out = make(release, built)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", built / "other.pem"], check=True)
    subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", built / "other.pem", "-in", out / "SHA256SUMS",
                    "-out", out / "SHA256SUMS.sig"], check=True)
    assert not checked(release, out)


def test_a_missing_file_is_no_release(release: ModuleType, built: Path) -> None:
    (built / "suntap_1.2.0_arm64.oci.tar").unlink()
    with pytest.raises(release.ReleaseError, match=r"suntap_1\.2\.0_arm64\.oci\.tar was not built"):
        make(release, built)


def test_what_is_left_out_is_said(release: ModuleType, built: Path) -> None:
    out = make(release, built, {"image", "amd64"}, ["it was not built from a commit"])
    text = (out / "NOTES.md").read_text()
    assert not list(out.glob("*.img.xz")) and not list(out.glob("*amd64*")) and checked(release, out)
    left = text.split("Left out of this build: ")[1].splitlines()[0]
    assert "suntap-1.2.0-arm64.img.xz" in left and "suntap_1.2.0_amd64.oci.tar" in left and "arm64.deb" not in left
    assert "**A draft:** it was not built from a commit." in text


@pytest.mark.parametrize("version, doubts", [("1.2.0", 0), ("1.1.0", 1)])
def test_the_changelog_says_what_is_released(release: ModuleType, version: str, doubts: int) -> None:
    assert len(release.changes(CHANGELOG, version)[1]) == doubts
    assert len(release.changes(CHANGELOG.replace(version, f"{version} (unreleased)"), version)[1]) == doubts + 1


def test_a_version_that_the_changelog_does_not_know_is_none(release: ModuleType) -> None:
    with pytest.raises(release.ReleaseError, match=r"no section 1\.3\.0"):
        release.changes(CHANGELOG, "1.3.0")


def test_every_script_that_it_calls_is_there(release: ModuleType) -> None:
    for artefact in artefacts(release):
        assert not artefact.build or (ROOT / artefact.build[0]).exists()
