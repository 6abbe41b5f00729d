"""From the file to the restart: what is refused changes nothing, and what fails on the way leaves the box as it was."""
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from appliance.update import boot_choice, bundle
from appliance.update.bundle import UpdateError
from appliance.update.trial import Trial
from tests.update.conftest import PORTS, RUNNING, Box

Make = Callable[..., Path]
Keys = tuple[Path, Path]


def untouched(box: Box) -> bool:
    """As before: nothing in root's folder, the slot that runs is started next."""
    return not list(box.root.iterdir()) and boot_choice.read(box.card.device).primary == "A" and not box.card.restarts


def test_a_system_is_written_and_put_on_trial(box: Box, make_bundle: Make, keys: Keys) -> None:
    assert box.install(make_bundle("0.2.0"), keys[1]) == "0.2.0"
    assert (box.card.folder / "B").read_text() == "0.2.0 1 0"
    assert box.processes.log == ["stop"] and box.card.restarts == 1
    assert box.folder.trial() == Trial("B", "0.2.0", RUNNING, PORTS)
    assert boot_choice.read(box.card.device) == boot_choice.Choice("A", "B", boot_choice.TRIES)
    assert [path.name for path in box.root.iterdir()] == ["trial.json"]


def test_each_step_is_told_and_the_file_is_let_go_once_it_was_taken(box: Box, make_bundle: Make, keys: Keys) -> None:
    told: list[str] = []
    with open(make_bundle("0.2.0"), "rb") as source:
        box.installer().install(source, keys[1], RUNNING, "arm64", told.append, lambda: told.append("taken"))
    assert told == ["Checking the file.", "Taking version 0.2.0 from the file.", "taken",
                    f"Writing version 0.2.0 beside {RUNNING}: 0 %.", f"Writing version 0.2.0 beside {RUNNING}: 100 %.",
                    "Version 0.2.0 is written. The box restarts and tries it."]


@pytest.mark.parametrize(("version", "architecture", "reason"), [
    (RUNNING, "arm64", f"already has {RUNNING}"), ("0.0.9", "arm64", "already has"), ("0.1.0", "arm64", "already has"),
    ("0.1.0+20260331", "arm64", "already has"), ("0.2.0", "amd64", "for amd64"),
])
def test_an_older_same_or_foreign_version_is_refused_and_changes_nothing(
        box: Box, make_bundle: Make, keys: Keys, version: str, architecture: str, reason: str) -> None:
    with pytest.raises(UpdateError, match=reason.replace("+", r"\+")):
        box.install(make_bundle(version, architecture), keys[1])
    assert box.processes.log == [] and untouched(box)


def test_the_same_suntap_on_a_newer_debian_is_newer(box: Box, make_bundle: Make, keys: Keys) -> None:
    assert box.install(make_bundle("0.1.0+20260501"), keys[1]) == "0.1.0+20260501"


def test_too_little_room_is_said_before_anything_is_copied(
        box: Box, make_bundle: Make, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.update.install.FULL_BYTES", 1 << 60)
    with pytest.raises(UpdateError, match="room"):
        box.install(make_bundle("0.2.0"), keys[1])
    assert box.processes.log == [] and untouched(box)


def test_room_for_the_databases_that_will_be_copied_is_asked_for_as_well(
        box: Box, make_bundle: Make, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(bundle, "need_room", lambda folder, size: asked.append(size))
    for version, migrations in (("0.2.0", 1), ("0.3.0", 2)):
        box.install(make_bundle(version, migrations=migrations), keys[1])
        box.restart()
    assert asked[1] - asked[0] == (box.data / "suntap.sqlite3").stat().st_size


def test_a_disk_that_is_full_is_said_as_such(box: Box, make_bundle: Make, keys: Keys,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(box.root / "system.raucb"))
    monkeypatch.setattr(bundle, "take", full)
    with pytest.raises(UpdateError, match=r"system\.raucb: No space left on device: nothing was changed"):
        box.install(make_bundle("0.2.0"), keys[1])
    assert untouched(box)


def test_while_another_is_tried_none_is_taken(box: Box, make_bundle: Make, keys: Keys) -> None:
    box.install(make_bundle("0.2.0"), keys[1])
    with pytest.raises(UpdateError, match="another update is being tried"):
        box.install(make_bundle("0.3.0"), keys[1])
    assert box.folder.trial() is not None


def test_a_card_that_cannot_be_written_stops_nothing(box: Box, make_bundle: Make, keys: Keys) -> None:
    with pytest.raises(UpdateError, match="no such luck"):
        box.install(make_bundle("0.6.6"), keys[1])
    assert box.processes.log == [] and untouched(box)


@pytest.mark.parametrize("step", ["try_other", "restart"])
def test_where_the_switch_fails_the_services_run_again_and_no_trial_is_left(
        box: Box, make_bundle: Make, keys: Keys, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fails() -> None:
        raise UpdateError("rauc: it broke")
    monkeypatch.setattr(box.card, step, fails)
    with pytest.raises(UpdateError, match="it broke"):
        box.install(make_bundle("0.2.0", migrations=2), keys[1])
    assert box.processes.log == ["stop", "start"] and untouched(box) and box.history() == ["old"]


def test_where_the_trial_cannot_be_called_off_it_stays_written_down(
        box: Box, make_bundle: Make, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise UpdateError("rauc: it broke")
    for step in ("restart", "stay"):
        monkeypatch.setattr(box.card, step, fails)
    with pytest.raises(UpdateError, match="it broke"):
        box.install(make_bundle("0.2.0"), keys[1])
    assert box.processes.log == ["stop", "start"] and box.folder.trial() is not None
    box.restart()
    assert box.card.version == "0.2.0" and not list(box.root.iterdir())


def test_a_database_that_leads_out_of_the_data_directory_ends_the_installation(box: Box, make_bundle: Make,
                                                                               keys: Keys) -> None:
    elsewhere, live = box.data.parent / "elsewhere.sqlite3", box.data / "suntap.sqlite3"
    live.rename(elsewhere)
    live.symlink_to(elsewhere)
    with pytest.raises(UpdateError, match="remove the link"):
        box.install(make_bundle("0.2.0", migrations=2), keys[1])
    assert untouched(box)


def test_a_database_that_is_none_is_said(box: Box, make_bundle: Make, keys: Keys) -> None:
    (box.data / "suntap.sqlite3").write_bytes(b"x" * 5000)
    with pytest.raises(UpdateError, match="not a database: nothing was changed"):
        box.install(make_bundle("0.2.0", migrations=2), keys[1])
    with pytest.raises(sqlite3.Error), closing(sqlite3.connect(box.data / "suntap.sqlite3")) as broken:
        broken.execute("PRAGMA user_version")
    assert untouched(box)
