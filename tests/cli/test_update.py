"""`suntap update` where there is no image: nothing is tried, and the page hears why. Releases: tests/update."""
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.cli import update as command
from appliance.system.handover import Handover
from appliance.update import requested
from tests.cli.command import refused
from tests.cli.inside import Shell
from tests.update.conftest import debian, keys, make_index, make_key

__all__ = ["debian", "keys", "make_index"]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The services' data directory, on a system without a data partition."""
    monkeypatch.setattr(command, "DATA_DIR", tmp_path)
    monkeypatch.setattr(requested, "ROOT", tmp_path / "root")
    return tmp_path


def test_a_file_by_hand_is_refused_with_what_to_use_instead(shell: Shell, data_dir: Path) -> None:
    (data_dir / "x.suntap").write_bytes(b"x")
    refused(shell("update", data_dir / "x.suntap"), 2, "no suntap image", "apt")
    assert (data_dir / "x.suntap").read_bytes() == b"x"


def test_the_page_that_asked_hears_why_not(shell: Shell, data_dir: Path) -> None:
    page: Handover = requested.handover(data_dir)
    import io
    page.store(io.BytesIO(b"update"), 100)
    page.submit()
    refused(shell("update", "--requested"), 2, "no suntap image")
    assert "no suntap image" in page.state().text and not page.state().under_way


@pytest.mark.parametrize("arguments", [[], ["x", "--finish"], ["--finish", "--requested"]])
def test_one_of_its_ways_is_chosen(shell: Shell, data_dir: Path, arguments: list[str]) -> None:
    refused(shell("update", *arguments), 2, "update:")


def test_a_list_is_held_against_this_system_and_nothing_is_installed(
        shell: Shell, data_dir: Path, debian: Path, make_index: Callable[..., Path], keys: tuple[Path, Path],
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requested, "KEY", keys[1])
    said = shell("update", "--check", make_index("99.0.0"))
    assert said.code == 0 and "This system lacks 1 security fix of Debian, by the list of 2026-05-08" in said.out
    assert "openssl 3.5.4-1 → 3.5.4-1+deb13u1" in said.out and "There is a newer suntap: 99.0.0" in said.out
    debian.write_text(debian.read_text().replace("3.5.4-1", "3.5.4-1+deb13u1"))
    assert "This system has every security fix of Debian" in shell("update", "--check", make_index("0.0.1")).out
    assert "newer" not in shell("update", "--check", make_index("0.0.1")).out


def test_a_list_that_is_none_or_another_makers_is_refused(
        shell: Shell, data_dir: Path, debian: Path, make_index: Callable[..., Path], keys: tuple[Path, Path],
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requested, "KEY", keys[1])
    refused(shell("update", "--check", tmp_path / "none"), 1, "No such file")
    (tmp_path / "text").write_bytes(b"openssl 1.0\n" * 100)
    refused(shell("update", "--check", tmp_path / "text"), 1, "text: no list of security fixes", "Download "
                                                                                                 "suntap-ARCH.index")
    refused(shell("update", "--check", make_index(key=make_key(tmp_path, "other")[0])), 1, "signature")
