"""The parent of the processes: what ends is started again after a pause that grows, and all end together."""
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.system.process_manager import PARENT, PAUSE_MIN_S, ProcessManager
from tests.cli.processes import wait_for


@contextmanager
def managed(folder: Path, **modules: str) -> Iterator[tuple[ProcessManager, list[str]]]:
    """A manager at work whose children are these Python modules, and the lines that it says."""
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)
    stop, said = threading.Event(), list[str]()
    manager = ProcessManager({name: [name] for name in modules}, stop, said.append, {"PYTHONPATH": str(folder)})
    thread = threading.Thread(target=manager.run)
    thread.start()
    try:
        yield manager, said
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_ends_is_started_again_and_says_how_it_ended(tmp_path: Path) -> None:
    with managed(tmp_path, brief="raise SystemExit(3)", steady="import time; time.sleep(60)") as (manager, said):
        wait_for(lambda: manager.children[0].restarts >= 1)
        assert manager.children[1].restarts == 0
    assert f"brief ended (exit code 3): starting it again in {PAUSE_MIN_S:.0f} s" in said
    assert manager.children[0].pause_s > PAUSE_MIN_S  # the next pause is longer


def test_all_end_when_it_is_told_to(tmp_path: Path) -> None:
    with managed(tmp_path, one="import time; time.sleep(60)", two="import time; time.sleep(60)") as (manager, _):
        wait_for(lambda: all(child.process for child in manager.children))
        pids = [child.process.pid for child in manager.children if child.process]
    assert len(pids) == 2 and not any(map(is_alive, pids))


def test_who_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.system.process_manager.GRACE_S", 0.5)
    deaf = ("import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            f"pathlib.Path({str(tmp_path / 'ready')!r}).touch(); time.sleep(60)")
    with managed(tmp_path, deaf=deaf) as (manager, _):
        wait_for(lambda: (tmp_path / "ready").exists() and manager.children[0].process)
        process = manager.children[0].process
        assert process is not None
    assert process.returncode == -9


def test_a_child_is_told_whose_child_it_is(tmp_path: Path) -> None:
    note = tmp_path / "parent"
    script = f"import os, pathlib; pathlib.Path({str(note)!r}).write_text(os.environ[{PARENT!r}])"
    with managed(tmp_path, curious=script):
        wait_for(lambda: note.exists() and note.read_text())
    assert note.read_text() == str(os.getpid())
