"""Whatever happens to this box while it stands in: the PVS reaches the router again within a minute, by itself.

The maker's server is there all the time, so who answered tells where the connection went.
"""
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.collector.process import FULL_BYTES
from appliance.simulate import uploads
from appliance.simulate.collector import Collector
from appliance.store import inbox
from tests.cli.processes import beat, kill, wait_for
from tests.collector.home import MAKER, Home, let_go, make_config, redirecting

pytestmark = pytest.mark.root

MINUTE_S = 60.0
SMALL_DISK = "size=96m"


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with Home() as made:
        yield made


@pytest.fixture(scope="module")
def maker(home) -> Iterator[Collector]:
    with home.maker() as server:
        yield server


class Pvs:
    """Sends by the name and by the address; remembers what was answered with 1002."""

    def __init__(self, home: Home, maker: Collector) -> None:
        self.wires, self.maker = (home.wire(timeout_s=2.0), home.wire(timeout_s=2.0, collector=MAKER)), maker
        self.answered: list[bytes] = []

    def send(self) -> list[bool]:
        """One upload each way; whether it met the maker."""
        met = []
        for wire in self.wires:
            body = b"100\tSPMS\n%d\n" % time.monotonic_ns()
            before = len(self.maker.received)
            if wire([uploads.post(body)]):
                self.answered.append(body)
            met.append(len(self.maker.received) > before)
        return met


def stored(config: Path) -> set[bytes]:
    with closing(inbox.connect(config.parent / "data", readonly=True)) as connection:
        return {upload.body for _, upload in inbox.after(connection, 0, 1_000_000)}


def reaches_the_maker(pvs: Pvs) -> bool:
    """Both ways, several times in a row."""
    return all(all(pvs.send()) for _ in range(3))


def stands_in(pvs: Pvs) -> bool:
    return pvs.send() == [False, False] and len(pvs.answered) >= 2


@pytest.mark.parametrize("way", ["kill -9 of all at once", "SIGSTOP of the stand-in", "SIGSTOP of the redirection",
                                 "SIGSTOP of all", "SIGSTOP of the name server", "stopped"])
def test_the_pvs_reaches_the_router_again_within_a_minute(home, maker, tmp_path, way):
    config, pvs = make_config(tmp_path, "on"), Pvs(home, maker)
    with home.suntap(config, "run") as parent:
        redirecting(config)
        wait_for(lambda: stands_in(pvs))
        pids = {name: beat(name, tmp_path / "data")["pid"] for name in ("collector", "redirect", "capture")}
        stopped: list[int] = []
        if way == "stopped":
            parent.send_signal(signal.SIGTERM)
        elif way.startswith("kill"):
            kill(parent.pid)        # the parent first, or it starts them again
            for pid in pids.values():
                kill(pid)
        else:
            stopped = {"SIGSTOP of the stand-in": [pids["collector"]], "SIGSTOP of the redirection": [pids["redirect"]],
                       "SIGSTOP of all": list(pids.values())}.get(way) or _dnsmasq(pids["collector"])
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        try:
            if way == "SIGSTOP of the redirection":     # the rest of what it granted is served
                wait_for(lambda: reaches_the_maker(pvs), MINUTE_S)
            elif way == "SIGSTOP of the name server":   # it is replaced: by name and by address somebody answers
                wait_for(lambda: beat("collector", tmp_path / "data")["counters"]["names_restarts"] >= 1, MINUTE_S)
                wait_for(lambda: stands_in(pvs), MINUTE_S)
            else:
                wait_for(lambda: reaches_the_maker(pvs), MINUTE_S)
            print(f"{way}: {time.monotonic() - began:.0f} s")
        finally:
            for pid in stopped:
                if Path(f"/proc/{pid}").exists():
                    os.kill(pid, signal.SIGCONT)
    assert set(pvs.answered) <= stored(config) | {upload.body for upload in maker.received}
    assert "elements" not in home.rules()


def _dnsmasq(pid: int) -> list[int]:
    found = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(one) for one in (task / "children").read_text().split()]
    return sorted(set(found))


def test_a_killed_stand_in_is_back_and_nothing_answered_is_missing(home, maker, tmp_path):
    config, pvs = make_config(tmp_path, "on"), Pvs(home, maker)
    with home.suntap(config, "run"):
        for _ in range(4):
            redirecting(config)
            wait_for(lambda: stands_in(pvs))
            for _ in range(10):
                pvs.send()
            first = beat("collector", tmp_path / "data")["pid"]
            kill(first)
            wait_for(lambda first=first: (last := beat("collector", tmp_path / "data")) and last["pid"] != first)
        wait_for(lambda: stands_in(pvs))
    ours = set(pvs.answered) - {upload.body for upload in maker.received}
    assert len(ours) > 40 and ours <= stored(config)


def test_a_disk_that_fills_up_leaves_the_uploads_with_the_maker(home, maker, tmp_path):
    (tmp_path / "data").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", SMALL_DISK, "tmpfs", tmp_path / "data"], check=True)
    try:
        config, pvs = make_config(tmp_path, "on"), Pvs(home, maker)
        with home.suntap(config, "run"):
            redirecting(config)
            wait_for(lambda: stands_in(pvs))
            room = os.statvfs(tmp_path / "data")
            (tmp_path / "data" / "ballast").write_bytes(bytes(room.f_bavail * room.f_frsize - FULL_BYTES // 2))
            assert "full" in wait_for(lambda: (last := beat("collector", tmp_path / "data")) and last["problem"])
            let_go(config)
            wait_for(lambda: reaches_the_maker(pvs), MINUTE_S)
            (tmp_path / "data" / "ballast").unlink()
            redirecting(config)
            wait_for(lambda: stands_in(pvs))
        ours = set(pvs.answered) - {upload.body for upload in maker.received}
        assert ours <= stored(config)
    finally:
        subprocess.run(["umount", tmp_path / "data"], check=True)


def test_an_upload_that_cannot_be_stored_gets_503_and_the_next_one_goes_to_the_maker(home, maker, tmp_path):
    config, pvs = make_config(tmp_path, "on"), Pvs(home, maker)
    with home.suntap(config, "run"):
        redirecting(config)
        wait_for(lambda: stands_in(pvs))
        (tmp_path / "data" / inbox.FILE).rename(tmp_path / "aside")
        (tmp_path / "data" / inbox.FILE).mkdir()
        answered = len(pvs.answered)
        assert pvs.send() == [False, False] and len(pvs.answered) == answered
        let_go(config)
        wait_for(lambda: reaches_the_maker(pvs), MINUTE_S)
        assert "could not be stored" in beat("collector", tmp_path / "data")["problem"]
