"""What RAUC is asked for the card's slots, and what it says. rauc and systemctl are scripts here; the real ones run in
the machine (tests/image/test_update.py)."""
from pathlib import Path

import pytest

from appliance.update import slots
from appliance.update.bundle import UpdateError
from appliance.update.slots import Slots

COMMAND = """#!/bin/sh
echo "${{0##*/}} $@" >> {folder}/log
cat {folder}/answer 2>&1
exit "$(cat {folder}/code)"
"""
# RAUC 1.13
INSTALLED = """installing
  0% Installing
  0% Determining slot states
 20% Determining slot states done.
 20% Checking bundle
 20% Verifying signature
 40% Verifying signature done.
 40% Checking bundle done.
 40% Checking manifest contents
 46% Checking manifest contents done.
 50% Determining target install group
 60% Determining target install group done.
 60% Updating slots
 60% Checking slot rootfs.1
 73% Checking slot rootfs.1 done.
 73% Copying image to rootfs.1
 86% Copying image to rootfs.1
100% Copying image to rootfs.1 done.
100% Updating slots done.
100% Installing done.
idle
Installing `/var/lib/suntap-update/system.raucb` succeeded
"""
REFUSED = """installing
  0% Installing
 20% Checking bundle failed.
100% Installing failed.
LastError: signature verification failed: Verify error: unable to get local issuer certificate
idle
Installing `/var/lib/suntap-update/system.raucb` failed
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its files say what the commands answer; the box runs slot B."""
    for name in ("rauc", "systemctl"):
        (tmp_path / name).write_text(COMMAND.format(folder=tmp_path))
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(slots, "CMDLINE", tmp_path / "cmdline")
    (tmp_path / "cmdline").write_text("console=ttyS1,115200 root=PARTUUID=5055aa01-03 rauc.slot=B quiet\n")
    (tmp_path / "answer").write_text("")
    (tmp_path / "code").write_text("0")
    return tmp_path


def log(folder: Path) -> list[str]:
    return (folder / "log").read_text().splitlines()


@pytest.mark.parametrize(("cmdline", "slot", "other"), [
    ("rauc.slot=A", "A", "B"), ("quiet rauc.slot=B\n", "B", "A"), ("quiet", "", ""), ("rauc.slot=C", "", ""),
    ("xrauc.slot=A", "", ""), ("rauc.slot=AB", "", ""), ("", "", "")])
def test_the_slot_that_runs_is_what_u_boot_told_the_kernel(folder: Path, cmdline: str, slot: str, other: str) -> None:
    (folder / "cmdline").write_text(cmdline)
    assert slots.booted() == slot and (Slots().booted, Slots().other) == (slot, other)


def test_a_system_without_that_file_has_no_slots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(slots, "CMDLINE", tmp_path / "none")
    assert slots.booted() == ""


def test_a_bundle_is_installed_and_its_progress_told_now_and_then(folder: Path) -> None:
    (folder / "answer").write_text(INSTALLED)
    told: list[int] = []
    Slots().write(folder / "system.raucb", told.append)
    assert log(folder) == [f"rauc install {folder}/system.raucb"]
    assert told == [0, 20, 40, 50, 60, 73, 86, 100]


def test_what_rauc_refuses_is_said_with_its_reason(folder: Path) -> None:
    (folder / "answer").write_text(REFUSED)
    (folder / "code").write_text("1")
    with pytest.raises(UpdateError, match="could not be written to the card: signature verification failed: Verify"):
        Slots().write(folder / "system.raucb", lambda percent: None)


def test_the_choice_is_changed_by_rauc_alone(folder: Path) -> None:
    card = Slots()
    card.try_other()
    card.stay()
    card.keep()
    card.give_up()
    assert log(folder) == ["rauc status mark-active other", "rauc status mark-active booted",
                           "rauc status mark-good booted", "rauc status mark-bad booted"]


def test_a_restart_is_asked_of_systemd(folder: Path) -> None:
    Slots().restart()
    assert log(folder) == ["systemctl start --no-block --job-mode=replace-irreversibly reboot.target"]


def test_a_refusal_is_an_error_with_the_last_words(folder: Path) -> None:
    (folder / "answer").write_text("rauc status: mark failed\nFailed to set slot state\n\n")
    (folder / "code").write_text("1")
    with pytest.raises(UpdateError, match="rauc status mark-good booted: Failed to set slot state"):
        Slots().keep()


def test_without_the_programs_it_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder / "none"))
    with pytest.raises(UpdateError, match="rauc"):
        Slots().try_other()
    with pytest.raises(UpdateError, match="rauc: No such file"):
        Slots().write(folder / "x", lambda percent: None)


def test_a_rauc_that_does_not_answer_is_not_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "RAUC_S", 0.2)
    (folder / "rauc").write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(UpdateError, match="timed out"):
        Slots().keep()
