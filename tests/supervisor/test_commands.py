"""What the owner asks on the page is done by the supervisor process, once, and answered whatever happens."""
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from appliance import settings, store
from appliance.history import backup
from appliance.settings.live import LiveSettings
from appliance.simulate.pvoutput import API_KEY
from appliance.supervisor import command_queue, commands
from appliance.supervisor.process import Supervisor
from appliance.system.clock import Clock
from tests.cli.command import CAPTURES, suntap

NOW = 1_778_400_000


@pytest.fixture
def box(tmp_path) -> Path:
    """A settings file with a day of history beside it."""
    config = tmp_path / "suntap.toml"
    settings.update(config, {"store.data_dir": tmp_path / "data", "pvoutput.api_key": API_KEY,
                             "pvoutput.system_id": "12345"})
    assert suntap("import", CAPTURES / "plain_day.pcap", "--config", config).code == 0
    return config


class Process:
    """The supervisor process's loop, stepped by the test."""

    def __init__(self, config: Path) -> None:
        self.clock = Clock(time.time(), NOW)
        self.supervisor = Supervisor(LiveSettings(config), self.clock)

    def ask(self, name: str, **argument: object) -> dict:
        """Put a command in the queue, step once, and give the answer."""
        number = command_queue.submit(self.supervisor.store, self.clock, name, argument)
        assert command_queue.result(self.supervisor.store, number) is None
        self.supervisor.step()
        answer = command_queue.result(self.supervisor.store, number)
        assert answer is not None
        return answer


@pytest.fixture
def process(box):
    made = Process(box)
    made.supervisor.step()
    yield made
    made.supervisor.close()


def states(process: Process) -> dict[str, int]:
    rows = process.supervisor.store.execute("SELECT state, count(*) FROM outbox GROUP BY state")
    return dict(rows.fetchall())


def test_a_day_is_sent_again_when_asked(process):
    process.supervisor.store.execute("UPDATE outbox SET state = 'sent'")
    day = process.supervisor.store.execute("SELECT max(day) FROM outbox").fetchone()[0]
    answer = process.ask("resend_day", day=day)
    assert answer["rows"] > 0 and states(process)["waiting"] == answer["rows"]


def test_a_refused_row_is_retried_or_skipped(process):
    database = process.supervisor.store
    first, second = (row[0] for row in database.execute("SELECT time FROM outbox ORDER BY time LIMIT 2"))
    database.execute("UPDATE outbox SET state = 'refused', reason = 'Moon Powered' WHERE time IN (?, ?)",
                     (first, second))
    assert process.ask("retry", time=first) == {"done": True}
    assert process.ask("skip", time=second) == {"done": True}
    found = dict(database.execute("SELECT time, state FROM outbox WHERE time IN (?, ?)", (first, second)).fetchall())
    assert found == {first: "waiting", second: "skipped"}
    assert process.ask("retry", time=1) == {"done": False}


def test_a_rebuild_gives_the_same_slots(process):
    before = process.supervisor.store.execute("SELECT * FROM slot ORDER BY time").fetchall()
    assert process.ask("rebuild") == {}
    assert process.supervisor.store.execute("SELECT * FROM slot ORDER BY time").fetchall() == before


@pytest.mark.parametrize(("name", "argument"), [
    ("dance", {}), ("retry", {}), ("retry", {"time": "noon"}), ("retry", {"time": None}), ("resend_day", {"day": "x"}),
    ("resend_day", {"day": 5}), ("restore", {}), ("restore", {"file": "none"}), ("skip", {"time": 2**80}),
])
def test_a_command_that_cannot_be_done_is_answered_and_stops_nothing(process, name, argument):
    assert "error" in process.ask(name, **argument)
    assert process.supervisor.problems == {}
    assert process.ask("rebuild") == {}


def test_what_is_no_command_at_all_is_answered_too(process):
    process.supervisor.store.execute("INSERT INTO command (created, name, argument) VALUES (0, 'retry', 'no json')")
    process.supervisor.step()
    row = process.supervisor.store.execute("SELECT finished, result FROM command").fetchone()
    assert row[0] >= NOW and "error" in json.loads(row[1])


def test_a_restore_from_the_page_replaces_the_history_and_is_answered(box, process, tmp_path):
    saved = tmp_path / "saved.tar.gz"
    backup.create(saved, box, tmp_path / "data", process.clock)
    database = process.supervisor.store
    expected = database.execute("SELECT * FROM slot ORDER BY time").fetchall()
    database.execute("DELETE FROM slot")
    settings.update(box, {"site.size_w": 1234})
    pending = backup.handover(tmp_path / "data")
    with open(saved, "rb") as file:
        pending.store(file, 1 << 30)
    answer = process.ask("restore")
    assert answer.get("uploads") == 0, answer
    assert answer["created"] >= NOW
    process.supervisor.step()
    assert process.supervisor.store.execute("SELECT * FROM slot ORDER BY time").fetchall() == expected
    assert settings.load(box).site.size_w == 0
    assert not pending.file.exists() and pending.state().name == "idle"


def test_a_restore_takes_no_link_for_the_backup(box, process, tmp_path):
    saved = tmp_path / "saved.tar.gz"
    backup.create(saved, box, tmp_path / "data", process.clock)
    pending = backup.handover(tmp_path / "data")
    pending.folder.mkdir()
    pending.file.symlink_to(saved)
    assert "error" in process.ask("restore")
    assert saved.exists()


def test_only_the_last_answers_are_kept(process):
    for _ in range(commands.KEEP + 10):
        command_queue.submit(process.supervisor.store, process.clock, "dance")
    process.supervisor.step()
    with closing(store.connect(process.supervisor.data_dir, readonly=True)) as reader:
        assert reader.execute("SELECT count(*) FROM command").fetchone()[0] == commands.KEEP


def test_settings_changed_by_hand_are_derived_with_at_the_next_step(box, process):
    days = process.supervisor.store.execute("SELECT DISTINCT day FROM slot ORDER BY day").fetchall()
    settings.update(box, {"site.timezone": "Asia/Tokyo"})
    process.supervisor.step()
    process.supervisor.step()
    assert process.supervisor.store.execute("SELECT DISTINCT day FROM slot ORDER BY day").fetchall() != days


def test_a_damaged_inbox_costs_no_restart_and_the_next_one_is_read(box, process, tmp_path):
    path = tmp_path / "data" / "inbox.sqlite3"
    whole = path.read_bytes()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.unlink()
    path.write_bytes(b"not a database".ljust(8192))
    process.supervisor.step()
    assert "ingest" in process.supervisor.problems
    path.unlink()
    path.write_bytes(whole)
    process.supervisor._not_before.clear()
    process.supervisor.step()
    assert process.supervisor.problems == {}


def test_a_damaged_history_ends_the_process_so_that_its_start_repairs_it(process, tmp_path):
    path = tmp_path / "data" / "suntap.sqlite3"
    process.supervisor.store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    begin = 4096 * process.supervisor.store.execute(
        "SELECT rootpage - 1 FROM sqlite_master WHERE name = 'command'").fetchone()[0]
    content[begin:begin + 4096] = b"\xff" * 4096
    process.supervisor.store.close()
    path.write_bytes(content)
    process.supervisor.store = store.connect(tmp_path / "data")
    with pytest.raises(sqlite3.Error):
        process.supervisor.step()
