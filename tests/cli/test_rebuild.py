"""`suntap rebuild`: by itself, or by the recorder that runs on the same data, whose answer is waited for."""
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance import store
from appliance.cli import rebuild
from appliance.supervisor import command_queue
from appliance.supervisor import process as supervisor
from tests.cli.command import refused
from tests.cli.inside import Shell
from tests.cli.processes import wait_for
from tests.ledger.support import NOON, Box, run_of


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command's own handlers go when it has ended."""
    monkeypatch.setattr(rebuild, "LOOK_S", 0.02)
    asked = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in asked]
    yield
    for number, handler in zip(asked, before, strict=True):
        signal.signal(number, handler)


def test_slots_are_worked_out_again_and_counted(shell: Shell, tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.lines(*run_of(NOON, 5, 1000, 100))
    before = box.slots()
    box.store.execute("DELETE FROM slot")
    done = shell("rebuild", "--data-dir", tmp_path)
    assert done.code == 0 and done.out == "rebuilt: 1 uploads, 5 readings, 1 days changed\n", done
    assert box.slots() == before
    box.close()


@pytest.mark.parametrize(("answer", "code", "said"), [
    ("{}", 0, "rebuilt"), ('{"error": "the disk is full"}', 1, "the disk is full")])
def test_a_running_recorder_is_asked_and_its_answer_is_told(
        shell: Shell, tmp_path: Path, signals: None, answer: str, code: int, said: str) -> None:
    def recorder() -> None:
        with closing(store.connect(tmp_path)) as database:
            wait_for(lambda: command_queue.waits(database, "rebuild"))
            database.execute("UPDATE command SET finished = 1, result = ?", (answer,))

    store.connect(tmp_path).close()
    working = threading.Thread(target=recorder)
    with supervisor.lock(tmp_path) as alone:
        assert alone
        working.start()
        done = shell("rebuild", "--data-dir", tmp_path)
        working.join(60)
    assert done.code == code and "the running recorder works the history out again" in done.out
    assert said in done.out + done.err


def test_a_data_directory_that_cannot_be_is_one_line(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused(shell("rebuild", "--data-dir", tmp_path / "file" / "data"), 1, "--data-dir")
