"""A new system is tried and kept or given up, and a power cut at any point leaves one that works."""
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from appliance.store import inbox
from appliance.update import boot_choice, trial
from appliance.update.bundle import UpdateError
from spcore.uploads import Upload
from tests.update.conftest import PORTS, RUNNING, Box

Make = Callable[..., Path]
Keys = tuple[Path, Path]
Choice = boot_choice.Choice


def choice(box: Box) -> Choice:
    return boot_choice.read(box.card.device)


def test_a_healthy_system_is_kept(box: Box, make_bundle: Make, keys: Keys) -> None:
    box.install(make_bundle("0.2.0"), keys[1])
    ended = box.restart()
    assert ended is not None and (ended.version, ended.slot) == ("0.2.0", "B")
    assert box.card.version == "0.2.0" and choice(box) == Choice("B") and not list(box.root.iterdir())
    assert box.processes.log[-1] == f"healthy {PORTS}"
    assert box.restart() is None and box.card.version == "0.2.0"


def test_a_sick_system_is_given_up_for_the_one_before(box: Box, make_bundle: Make, keys: Keys) -> None:
    box.processes.sick = {"0.2.0"}
    box.install(make_bundle("0.2.0"), keys[1])
    ended = box.restart()
    assert ended is not None and (ended.version, ended.previous, ended.works) == ("0.2.0", RUNNING, False)
    assert box.card.version == RUNNING and choice(box) == Choice("A") and not list(box.root.iterdir())


def test_from_the_other_slot_the_way_is_the_same(box: Box, make_bundle: Make, keys: Keys) -> None:
    box.install(make_bundle("0.2.0"), keys[1])
    box.restart()
    box.processes.sick = {"0.3.0"}
    box.install(make_bundle("0.3.0"), keys[1], "0.2.0")
    box.restart()
    assert box.card.version == "0.2.0" and choice(box) == Choice("B")
    box.install(make_bundle("0.4.0"), keys[1], "0.2.0")
    box.restart()
    assert box.card.version == "0.4.0" and choice(box) == Choice("A")


def test_a_system_that_hangs_before_its_services_comes_back_to_the_one_before(box: Box, make_bundle: Make,
                                                                              keys: Keys) -> None:
    box.install(make_bundle("0.2.0", migrations=2), keys[1])
    for _ in range(boot_choice.TRIES):
        box.card = box.card.start()
        assert box.card.version == "0.2.0"
    assert box.restart() is not None
    assert box.card.version == RUNNING and choice(box) == Choice("A") and not list(box.root.iterdir())


def test_migrations_of_a_system_that_is_given_up_are_undone(box: Box, make_bundle: Make, keys: Keys) -> None:
    box.processes.sick = {"0.2.0"}
    box.install(make_bundle("0.2.0", migrations=2), keys[1])
    box.restart()
    assert box.history() == ["old"]


def test_migrations_of_a_system_that_is_kept_stay(box: Box, make_bundle: Make, keys: Keys) -> None:
    box.install(make_bundle("0.2.0", migrations=2), keys[1])
    box.restart()
    assert box.history() == ["old", "migrated"]


def test_what_was_captured_during_the_trial_stays_when_the_inbox_is_as_before(
        box: Box, make_bundle: Make, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    before, during = (Upload(at, "192.0.2.50:4000", "192.0.2.1:80", "/a", b"%d" % at, True) for at in (1, 2))
    with closing(inbox.connect(box.data)) as live:
        inbox.append(live, [before])
        version = live.execute("PRAGMA user_version").fetchone()[0]

    def migrate_and_capture() -> None:
        with closing(inbox.connect(box.data)) as live:
            if live.execute("PRAGMA user_version").fetchone()[0] == version and box.card.version == "0.2.0":
                inbox.append(live, [during])
                live.execute("ALTER TABLE upload ADD COLUMN later TEXT")
                live.execute(f"PRAGMA user_version = {version + 1}")

    monkeypatch.setattr(box.processes, "start", migrate_and_capture)
    box.processes.sick = {"0.2.0"}
    box.install(make_bundle("0.2.0", inbox_migrations=version + 1), keys[1])
    box.restart()
    assert box.card.version == RUNNING
    with closing(inbox.connect(box.data)) as live:
        assert live.execute("PRAGMA user_version").fetchone()[0] == version
        assert inbox.after(live, 0, 10) == [(1, before), (2, during)]


def test_where_a_database_cannot_be_given_back_the_next_start_does_it(box: Box, make_bundle: Make, keys: Keys) -> None:
    """A link that leads out of the data directory, put there during the trial."""
    elsewhere, live = box.data.parent / "elsewhere.sqlite3", box.data / "suntap.sqlite3"
    box.install(make_bundle("0.2.0", migrations=2), keys[1])
    box.card = box.card.start()
    box.processes.start()
    live.rename(elsewhere)
    live.symlink_to(elsewhere)
    box.card.give_up()
    box.card = box.card.start()
    with pytest.raises(UpdateError, match="remove the link"):
        trial.begin(box.folder, box.data, box.card)
    assert box.folder.trial() is not None and box.card.version == RUNNING
    live.unlink()
    elsewhere.rename(live)
    assert box.restart() is not None
    assert box.history() == ["old"] and not list(box.root.iterdir())


def test_tries_that_u_boot_could_not_count_down_are_called_off(box: Box, make_bundle: Make, keys: Keys) -> None:
    """It then starts the kept slot, with the tries still on the card."""
    box.install(make_bundle("0.2.0"), keys[1])
    assert trial.begin(box.folder, box.data, box.card) is not None
    assert choice(box) == Choice("A") and box.folder.trial() is None


def finish_without_answer(box: Box, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the trial, where RAUC does not do this step of it."""
    def fails() -> None:
        raise UpdateError("rauc: no answer")
    monkeypatch.setattr(box.card, step, fails)
    with pytest.raises(UpdateError, match="no answer"):
        trial.finish(box.folder, box.card, box.processes, lambda text: None)


def test_a_slot_that_cannot_be_kept_is_tried_again_without_another_look(
        box: Box, make_bundle: Make, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    box.install(make_bundle("0.2.0"), keys[1])
    box.card = box.card.start()
    finish_without_answer(box, "keep", monkeypatch)
    found = box.folder.trial()
    assert box.card.restarts == 1 and found is not None and found.works
    looks = len(box.processes.log)
    box.restart()
    assert choice(box) == Choice("B") and not any(word.startswith("healthy") for word in box.processes.log[looks:])


def test_a_slot_whose_verdict_cannot_be_written_is_restarted_all_the_same(
        box: Box, make_bundle: Make, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    box.processes.sick = {"0.2.0"}
    box.install(make_bundle("0.2.0"), keys[1])
    box.card = box.card.start()
    finish_without_answer(box, "give_up", monkeypatch)
    assert box.card.restarts == 1


def test_a_trial_that_cannot_be_read_is_said_and_nothing_is_removed(box: Box) -> None:
    (box.root / trial.FILE).write_text('{"slot": "B"}')
    with pytest.raises(UpdateError, match="cannot be read"):
        trial.begin(box.folder, box.data, box.card)
    assert (box.root / trial.FILE).exists()


def test_a_later_version_may_add_to_what_is_written_down(box: Box) -> None:
    box.folder.remember(trial.Trial("B", "0.2.0", RUNNING, 2))
    text = (box.root / trial.FILE).read_text().replace("{", '{"more": 1, ', 1)
    (box.root / trial.FILE).write_text(text)
    assert box.folder.trial() == trial.Trial("B", "0.2.0", RUNNING, 2)


CHANGES = ["os.rename", "os.remove", "os.mkdir", "os.rmdir", "open", "os.truncate", "sqlite3.connect"]
CUT = f"""
import os, signal, sys
left = int(sys.argv[1])
def cut_after(event, arguments):
    global left
    if event in {CHANGES}:
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
from pathlib import Path
from tests.update.conftest import Box
box = Box(Path(sys.argv[2]))
box.processes.sick = set(sys.argv[4:])
sys.addaudithook(cut_after)
pwrite = os.pwrite
def cut_pwrite(*words):
    cut_after("open", ())
    return pwrite(*words)
os.pwrite = cut_pwrite
box.install(Path(sys.argv[3]), Path(os.environ["KEY"]))
box.restart()
"""


@pytest.mark.parametrize("sick", [(), ("0.2.0",)])
def test_a_power_cut_at_any_step_leaves_a_system_that_works(
        tmp_path: Path, make_bundle: Make, keys: Keys, sick: tuple[str, ...]) -> None:
    """The process is really killed before every second change that it makes, from the file to the end of the trial;
    then the box starts, and ends what it finds."""
    path, step, outcomes = make_bundle("0.2.0", migrations=2), 0, set()
    while True:
        folder = tmp_path / f"cut-{step}"
        folder.mkdir()
        done = subprocess.run([sys.executable, "-c", CUT, str(step), str(folder), str(path), *sick],
                              env={**os.environ, "KEY": str(keys[1])}, capture_output=True, check=False)
        box = Box(folder)
        box.processes.sick = set(sick)
        box.restart()
        outcomes.add(box.card.version)
        kept = box.card.version == "0.2.0"
        assert not (kept and sick)
        assert box.history() == (["old", "migrated"] if kept else ["old"])
        assert list(box.root.iterdir()) == [] and choice(box) == Choice("B" if kept else "A")
        if done.returncode != -signal.SIGKILL:
            assert done.returncode == 0, done.stderr.decode()
            break
        step += 2
    assert step > 20
    assert outcomes == ({RUNNING} if sick else {RUNNING, "0.2.0"})
