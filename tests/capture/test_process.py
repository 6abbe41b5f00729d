"""The capture process from a spool of files: every upload once, what it captures from is said, settings are followed.
From a real bridge it is held in tests/live, with `suntap run` in tests/cli/test_run."""
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from appliance import settings
from appliance.capture import process
from appliance.capture.process import CaptureProcess
from appliance.settings.live import LiveSettings
from appliance.simulate import pcapfile, traffic, uploads
from appliance.simulate.packets import Host
from appliance.simulate.traffic import Conversation
from appliance.store import inbox
from appliance.system import heartbeat
from appliance.system.clock import Clock
from tests.cli.processes import wait_for


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setattr(process, "SPOOL_POLL_S", 0.02)
    monkeypatch.setattr(process, "IDLE_S", 0.02)
    monkeypatch.setattr(heartbeat, "INTERVAL_S", 0.0)
    settings.update(tmp_path / "suntap.toml", {"store.data_dir": tmp_path / "data"})
    (tmp_path / "spool").mkdir()
    (tmp_path / "data").mkdir()
    return tmp_path / "suntap.toml"


@contextmanager
def capturing(config: Path, spool: Path | None) -> Iterator[CaptureProcess]:
    """The process at work in a thread of its own."""
    stop = threading.Event()
    made = CaptureProcess(LiveSettings(config), Clock(), stop, spool)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def put(spool: Path, name: str, number: int, port: int = 80, seed: int = 0) -> None:
    """A capture file with one upload, put there in one step."""
    server = Host(traffic.SERVER.address, port, traffic.SERVER.mac)
    talk = Conversation(traffic.CLIENT, server, start_us=1_780_000_000_000_000, seed=seed or number)
    talk.post(uploads.post(b"100\tSPMS\n%d\n" % number))
    talk.close()
    pcapfile.write(spool / "partial", talk.frames)
    (spool / "partial").rename(spool / name)


def stored(config: Path) -> list[bytes]:
    with closing(inbox.connect(config.parent / "data", readonly=True)) as conn:
        return [one.body for _, one in inbox.after(conn, 0, 100)]


def said(config: Path, is_right: Callable[[dict], object]) -> dict:
    """The heartbeat, once it is as a test wants it."""
    def look() -> dict | None:
        last = heartbeat.read("capture", config.parent / "data")
        return last if last and is_right(last) else None
    return wait_for(look) or {}


def test_each_file_of_the_spool_is_read_once_and_goes_when_its_uploads_are_stored(config: Path) -> None:
    spool = config.parent / "spool"
    put(spool, "1.pcap", 1)
    with capturing(config, spool):
        wait_for(lambda: not list(spool.glob("*.pcap")))
        put(spool, "2.pcap", 2)
        put(spool, "3.pcap", 2, seed=3)     # the same upload again, in a connection of its own
        wait_for(lambda: not list(spool.glob("*.pcap")))
        last = said(config, lambda beat: beat["counters"]["inbox_repeated"])
    assert stored(config) == [b"100\tSPMS\n%d\n" % number for number in (1, 2)]
    assert last["interface"] == str(spool) and last["problem"] == "" and last["wire"]["answered"] is not None
    assert last["counters"]["inbox_stored"] == 2


def test_a_file_that_is_no_capture_is_said_and_kept_and_those_behind_it_wait(config: Path) -> None:
    spool = config.parent / "spool"
    (spool / "1.pcap").write_bytes(b"no capture at all")
    with capturing(config, spool):
        last = said(config, lambda beat: beat["counters"]["source_errors"] > 1)
        assert "1.pcap" in last["problem"]
        (spool / "1.pcap").unlink()
        put(spool, "2.pcap", 2)
        said(config, lambda beat: beat["counters"].get("inbox_stored") and not beat["problem"])
    assert stored(config) == [b"100\tSPMS\n2\n"]


def test_another_port_in_the_settings_holds_from_then_on(config: Path) -> None:
    spool = config.parent / "spool"
    with capturing(config, spool) as made:
        settings.update(config, {"capture.ports": (8080,)})
        wait_for(lambda: made.live.current.capture.ports == (8080,))
        put(spool, "1.pcap", 1)
        put(spool, "2.pcap", 2, port=8080)
        wait_for(lambda: not list(spool.glob("*.pcap")))
    assert stored(config) == [b"100\tSPMS\n2\n"]


def test_an_interface_that_is_missing_is_said_and_waited_for(config: Path) -> None:
    settings.update(config, {"capture.interface": "nosuch0"})
    with capturing(config, None):
        last = said(config, lambda beat: beat["problem"])
    assert "nosuch0" in last["problem"] and last["counters"]["source_errors"] >= 1 and last["wire"] is None
