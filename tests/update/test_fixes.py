"""What is missing is what dpkg calls older; the fixes of one source are one."""
import shutil
from pathlib import Path

import pytest

from appliance.health.news import Fix
from appliance.update import fixes
from appliance.update.bundle import UpdateError
from tests.update.conftest import LISTED, STATUS


def test_only_what_is_installed_counts(tmp_path: Path) -> None:
    (tmp_path / "status").write_text(STATUS)
    assert fixes.installed(tmp_path / "status") == {
        "openssl": ("openssl", "3.5.4-1"), "libssl3t64": ("openssl", "3.5.4-1"), "base-files": ("base-files", "13.8")}


def test_one_source_is_one_fix(tmp_path: Path) -> None:
    (tmp_path / "status").write_text(STATUS)
    assert fixes.missing(fixes.installed(tmp_path / "status"), LISTED) == [
        Fix("openssl", "3.5.4-1", "3.5.4-1+deb13u1")]


@pytest.mark.parametrize(("here", "newest", "lacks"), [
    ("1.0-1", "1.0-1", False), ("1.0-1", "1.0-1+deb13u1", True), ("1.0-1+deb13u10", "1.0-1+deb13u9", False),
    ("1.0~rc1-1", "1.0-1", True), ("1:0.9", "2.0", False), ("7.3.4-1~bpo13+1", "7.3.9-1~bpo13+1", True)])
def test_versions_are_compared_as_debian_does(here: str, newest: str, lacks: bool) -> None:
    assert bool(fixes.missing({"a": ("a", here)}, {"a": newest})) is lacks


def test_a_system_without_dpkg_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UpdateError, match="not to be found on this system"):
        fixes.installed(tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    for work in (fixes.architecture, lambda: fixes.is_older("1", "2")):
        with pytest.raises(UpdateError, match="not to be found on this system"):
            work()


def test_this_machine_has_a_suite_and_an_architecture() -> None:
    if not shutil.which("dpkg"):
        pytest.skip("needs dpkg")
    assert fixes.architecture().isalnum() and " " not in fixes.suite()
