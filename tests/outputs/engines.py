"""The real other sides, each a process of its own on a free port of this machine: started, killed, started again on the
same port and files."""
import getpass
import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.ports import free_port

LIMIT_S = 60.0


def needs(program: str, package: str) -> str:
    """The path of a program; the test is skipped where it is not installed."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/bin")
    if not found:
        pytest.skip(f"needs Debian's {package}")
    return found


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code < 500
    except requests.RequestException:
        return False


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A program that listens on `port`."""

    def __init__(self, command: Sequence[str], port: int, log: Path, ready: Callable[[], bool],
                 limit_s: float = LIMIT_S) -> None:
        self.command, self.port, self.log, self.ready, self.limit_s = list(command), port, log, ready, limit_s
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                            cwd=self.log.parent)
        end = time.monotonic() + self.limit_s
        while not self.ready():
            assert self.process.poll() is None, f"ended: {self.log.read_text()[-2000:]}"
            assert time.monotonic() < end, f"does not answer: {self.log.read_text()[-2000:]}"
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it (SIGKILL: without a chance to tidy up)."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @contextmanager
    def running(self) -> Iterator["Server"]:
        self.start()
        try:
            yield self
        finally:
            self.stop()


def victoria_metrics(folder: Path, port: int = 0) -> Server:
    """With deduplication, as docs/fleet.md wants it."""
    port = port or free_port()
    return Server([needs("victoria-metrics", "victoria-metrics"), f"-storageDataPath={folder / 'vm'}",
                   f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y", "-dedup.minScrapeInterval=1s",
                   "-search.latencyOffset=0s"], port, folder / "vm.log",
                  lambda: answers(f"http://127.0.0.1:{port}/health"))


def influxdb(folder: Path, port: int = 0) -> Server:
    """InfluxDB 1.6 with a database "suntap"."""
    port, rpc = port or free_port(), free_port()
    config = folder / "influxdb.conf"
    config.write_text(f"""reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/influx/meta"
[data]
dir = "{folder}/influx/data"
wal-dir = "{folder}/influx/wal"
query-log-enabled = false
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
""")
    return Server([needs("influxd", "influxdb"), "-config", str(config)], port, folder / "influx.log",
                  lambda: answers(f"http://127.0.0.1:{port}/ping"))


def influx_query(server: Server, statement: str) -> list[dict[str, object]]:
    """The rows of a statement over the database, by name."""
    answer = requests.post(f"{server.url}/query", params={"db": "suntap", "q": statement, "epoch": "ms"}, timeout=30)
    answer.raise_for_status()
    result = answer.json()["results"][0]
    assert "error" not in result, result
    return [dict(zip(series["columns"], row, strict=True)) for series in result.get("series", ())
            for row in series["values"]]


def vm_export(server: Server, match: str) -> dict[tuple[str, str], dict[int, float]]:
    """{(name, device): {time in ms, up to the full second: value}} of what VictoriaMetrics holds."""
    requests.get(f"{server.url}/internal/force_flush", timeout=30)
    found: dict[tuple[str, str], dict[int, float]] = {}
    for line in requests.get(f"{server.url}/api/v1/export", params={"match[]": match}, timeout=60).text.splitlines():
        series = json.loads(line)
        metric = series["metric"]
        values = found.setdefault((metric["__name__"], metric.get("device", "")), {})
        for at, value in zip(series["timestamps"], series["values"], strict=True):
            full = -(-at // 1000) * 1000
            assert full not in values, "two values of one row"
            values[full] = value
    return found


def mosquitto(folder: Path, port: int = 0, more: str = "") -> Server:
    """Mosquitto without users, unless `more` lines of its configuration say otherwise; what is retained outlives it."""
    port = port or free_port()
    config = folder / "mosquitto.conf"
    anonymous = "" if "allow_anonymous" in more else "allow_anonymous true\n"
    config.write_text(f"listener {port} 127.0.0.1\n{anonymous}persistence true\npersistence_location {folder}/\n"
                      f"user {getpass.getuser()}\n{more}")
    return Server([needs("mosquitto", "mosquitto"), "-c", str(config)], port, folder / "mosquitto.log",
                  lambda: listens(port))
