"""The whole way: `suntap run supervisor` takes uploads in and writes them to a real engine, which may be away, slow or
killed; ingest does not wait for it. Memory and status are looked at from outside."""
import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from appliance import settings, store
from appliance.history import views
from appliance.store import inbox
from appliance.system import heartbeat
from tests.cli.processes import kill, running, wait_for
from tests.ledger.support import NOON, run_of, upload
from tests.outputs.engines import victoria_metrics, vm_export
from tests.ports import free_port


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "suntap.toml"
    settings.update(path, {"store.data_dir": str(tmp_path / "data"), "site.name": "roof"})
    (tmp_path / "data").mkdir()
    return path


def deliver(data_dir: Path, hour: int) -> None:
    lines = run_of(NOON + 3600 * hour, 12, 1_000_000 + 1200 * hour, 100)
    database = inbox.connect(data_dir)
    inbox.append(database, [upload(lines, NOON + 3600 * (hour + 1))])
    database.close()


def test_an_engine_that_comes_late_and_a_killed_recorder_end_with_every_slot(tmp_path: Path, config: Path) -> None:
    data_dir, port = tmp_path / "data", free_port()
    settings.update(config, {"lines.url": f"http://127.0.0.1:{port}"})
    engine = victoria_metrics(tmp_path, port)
    deliver(data_dir, 0)
    with running("run", "supervisor", "--config", config, log=tmp_path / "log") as process:
        def problem() -> str:
            last = heartbeat.read("supervisor", data_dir)
            return str((last or {}).get("outputs", {}).get("lines", {}).get("problem", ""))
        assert "refused" in wait_for(problem)
        deliver(data_dir, 1)
        kill(process.pid)
    with engine.running(), running("run", "supervisor", "--config", config, log=tmp_path / "log"):
        deliver(data_dir, 2)
        database = store.connect(data_dir, readonly=True)

        def truth() -> dict[int, float]:
            return {slot.time * 1000: slot.production_dwh / 10 for slot in views.slots(database)}
        wait_for(lambda: len(truth()) == 35)
        wait_for(lambda: vm_export(engine, '{__name__="suntap_slot_production_wh",site="roof"}').get(
            ("suntap_slot_production_wh", "")) == truth())
        database.close()


def test_an_engine_that_answers_nothing_holds_up_neither_ingest_nor_the_end(tmp_path: Path, config: Path) -> None:
    """A server that accepts and is silent: the output's thread hangs in it, and nobody else."""
    data_dir = tmp_path / "data"
    silent = socket.create_server(("127.0.0.1", 0))
    accepted: list[socket.socket] = []
    threading.Thread(target=lambda: accepted.append(silent.accept()[0]), daemon=True).start()
    settings.update(config, {"lines.url": f"http://127.0.0.1:{silent.getsockname()[1]}"})
    with running("run", "supervisor", "--config", config, log=tmp_path / "log") as process:
        wait_for(lambda: accepted)
        for hour in range(3):
            deliver(data_dir, hour)
            database = store.connect(data_dir, readonly=True)
            wait_for(lambda hour=hour, database=database: len(list(views.slots(database))) == 12 * hour + 11)
            database.close()
        os.kill(process.pid, signal.SIGTERM)
        process.wait(25)        # a limit on waiting, below the time-out of the request
    silent.close()
