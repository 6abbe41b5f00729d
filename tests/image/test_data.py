"""What the boot partition asks of suntap acts once for each change of it; what was wrong is told at every boot."""
import os
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from appliance import settings

SCRIPT = Path(__file__).parents[2] / "image/rootfs-overlay/usr/lib/suntap-image/data"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The start-up script, with folders of its own in place of the two partitions and of the settings."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "path", [str(SCRIPT.parent), *sys.path])
    loader = SourceFileLoader("image_data", str(SCRIPT))
    script = module_from_spec(spec_from_loader("image_data", loader))
    loader.exec_module(script)
    for name in ("BOOT", "DATA"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(script, name, tmp_path / name)
    (tmp_path / "DATA/system").mkdir()
    monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "DATA" or os.path.ismount(path))
    monkeypatch.setattr(settings, "DEFAULT_PATH", tmp_path / "suntap.toml")
    yield script


def boot(data: ModuleType, text: str) -> list[str]:
    """The problems of a boot with that file."""
    (data.BOOT / "suntap.toml").write_text(text)
    problems: list[str] = []
    data.apply_settings(data.bootfile.read(data.BOOT), problems)
    return problems


def size_w() -> int:
    return settings.load(settings.DEFAULT_PATH).site.size_w


def test_settings_are_handed_over_once_and_the_page_may_change_them_then(data: ModuleType) -> None:
    text = "[site]\nsize_w = 4800\n"
    assert boot(data, text) == [] and size_w() == 4800
    settings.update(settings.DEFAULT_PATH, {"site.size_w": 5000})
    assert boot(data, text) == [] and size_w() == 5000
    assert boot(data, text.replace("4800", "4900")) == [] and size_w() == 4900


def test_a_wrong_key_costs_that_key_and_is_told_at_every_boot_until_it_is_put_right(data: ModuleType) -> None:
    text = '[site]\nsize_w = 4800\ntimezone = "Nowhere/Town"\n'
    first = boot(data, text)
    assert len(first) == 1 and "site.timezone" in first[0] and size_w() == 4800
    assert boot(data, text) == first
    assert boot(data, "[site]\nsize_w = 4800\n") == []


def test_each_of_two_password_files_acts_once(
        data: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "suntap"
    program.write_text(f"#!/bin/sh\necho $1 >> {tmp_path}/calls\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for name in ("reset-password", "reset-password.txt"):
        (data.BOOT / name).touch()
    told: list[list[str]] = []
    for _ in range(2):
        told.append([])
        data.reset_password(told[-1])
    assert [len(lines) for lines in told] == [2, 0]
    assert (tmp_path / "calls").read_text() == "reset-password\n" * 2


def test_the_bridges_address_is_kept_once_and_again_when_what_was_kept_is_damaged(
        data: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "RUN", tmp_path)
    kept = data.DATA / "system/mac"
    for used, expected in (("02:00:5e:00:53:01", "01"), ("02:00:5e:00:53:02", "01")):
        (tmp_path / "mac").write_text(used + "\n")
        data.keep_mac()
        assert kept.read_text().strip().endswith(expected)
    kept.write_text("")
    data.keep_mac()
    assert kept.read_text() == "02:00:5e:00:53:02\n"
