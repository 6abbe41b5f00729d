"""`suntap update`: who may install, what each of its ways tells the page. Slots and trials: tests/update."""
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.cli import update as command
from appliance.system.handover import Handover
from appliance.update import requested, slots, trial
from tests.cli.command import refused
from tests.cli.inside import Shell
from tests.update.conftest import debian, keys, make_index, make_key

__all__ = ["debian", "keys", "make_index"]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The services' data directory, on a system without a data partition."""
    monkeypatch.setattr(command, "DATA_DIR", tmp_path)
    monkeypatch.setattr(requested, "ROOT", tmp_path / "root")
    monkeypatch.setattr(slots, "CMDLINE", tmp_path / "cmdline")
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


@pytest.mark.parametrize("arguments", [[], ["x", "--finish"], ["--finish", "--requested"], ["--begin", "--finish"]])
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


def mounted(monkeypatch: pytest.MonkeyPatch, *places: Path) -> None:
    monkeypatch.setattr(Path, "is_mount", lambda path: path in places)


@pytest.fixture
def card(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Root's folder on a card whose slot A runs."""
    (data_dir / "cmdline").write_text("quiet rauc.slot=A\n")
    (data_dir / "root").mkdir()
    (data_dir / "update").mkdir()
    (data_dir / "rauc").write_text(f"#!/bin/sh\necho $@ >> {data_dir}/asked\n")
    (data_dir / "rauc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{data_dir}:/usr/bin:/bin")
    mounted(monkeypatch, data_dir / "root")
    return data_dir / "root"


def on_trial(card: Path, slot: str, works: bool = False) -> Handover:
    """The page's folder, while a trial is under way."""
    trial.Folder(card).remember(trial.Trial(slot, "0.2.0", "0.1.0", 0, works))
    page = requested.handover(card.parent)
    page.report(None, "Version 0.2.0 is written. The box restarts and tries it.")
    return page


def test_an_earlier_card_is_told_how_to_come_to_two_slots(shell: Shell, data_dir: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requested, "EARLIER", data_dir / "releases")
    mounted(monkeypatch, data_dir / "releases")
    refused(shell("update", "x"), 2, "before suntap could renew the whole system", "write the new image to a card")


def test_without_a_data_partition_nothing_is_installed(shell: Shell, card: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    mounted(monkeypatch)
    refused(shell("update", "x"), 2, "data partition of the card cannot be used")


def test_a_file_that_is_not_there_is_said(shell: Shell, card: Path) -> None:
    refused(shell("update", card / "none"), 1, "none: No such file")


def test_a_slot_that_came_back_tells_the_page(shell: Shell, card: Path) -> None:
    page = on_trial(card, "B")
    said = shell("update", "--begin")
    assert said.code == 1 and "version 0.2.0 did not work: back to 0.1.0" in said.out
    assert (page.state().name, page.state().text) == ("failed", "version 0.2.0 did not work: back to 0.1.0")
    assert (card.parent / "asked").read_text() == "status mark-active booted\n" and not list(card.iterdir())


def test_a_slot_on_trial_has_nothing_to_give_back(shell: Shell, card: Path) -> None:
    page = on_trial(card, "A")
    assert shell("update", "--begin").code == 0 and page.state().name == "working" and list(card.iterdir())


def test_an_update_that_was_cut_off_is_told_and_swept(shell: Shell, card: Path) -> None:
    (card / "system.raucb").write_bytes(b"half")
    page = requested.handover(card.parent)
    page.report(None, "Taking version 0.2.0 from the file.")
    assert shell("update", "--begin").code == 0
    assert page.state().name == "failed" and "nothing was changed" in page.state().text and not list(card.iterdir())


def test_one_that_was_cut_off_while_nothing_was_in_root_s_folder_is_told_too(shell: Shell, card: Path) -> None:
    """As at its first step, and between the last one and the trial: services stop then, which takes seconds."""
    page = requested.handover(card.parent)
    page.report(None, "Version 0.2.0 is written. The box restarts and tries it.")
    page.file.write_bytes(b"half")
    assert shell("update", "--begin").code == 0
    assert page.state().name == "failed" and "nothing was changed" in page.state().text and not page.file.exists()


def test_a_slot_that_works_is_kept_and_told(shell: Shell, card: Path) -> None:
    page = on_trial(card, "A", works=True)
    assert "version 0.2.0 works and is kept" in shell("update", "--finish").out
    assert (page.state().name, page.state().text) == ("done", "version 0.2.0 works and is kept")
    assert (card.parent / "asked").read_text() == "status mark-good booted\n" and not list(card.iterdir())


def test_without_a_trial_finish_does_nothing(shell: Shell, card: Path) -> None:
    assert shell("update", "--finish").code == 0 and not (card.parent / "asked").exists()
