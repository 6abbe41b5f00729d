"""Starting the page: a busy port or a wrong address is one line and exit code 1."""
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from appliance import settings
from appliance.clock import Clock
from webui import serve

ROOT = Path(__file__).parents[2]


def start(config: Path, data_dir: Path, **web: object) -> int:
    loaded = settings.load(config)
    return serve(replace(loaded, web=replace(loaded.web, **web)), config, data_dir, Clock())


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    text = capsys.readouterr().err
    assert text.count("\n") == 1 and "Traceback" not in text
    return text


def test_a_busy_port_is_one_line(config: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert start(config, data_dir, host="127.0.0.1", port=port) == 1
    assert f"127.0.0.1:{port} is in use" in one_line(capsys)


def test_an_address_of_another_machine_is_one_line(config: Path, data_dir: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    assert start(config, data_dir, host="192.0.2.1", port=8080) == 1
    assert "no address of this machine" in one_line(capsys)


@pytest.mark.root
def test_a_port_without_the_right_to_it_is_one_line(config: Path, data_dir: Path) -> None:
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 81:
        pytest.skip("only for kernels that keep ports below 1024 for root")
    code = ("import sys; from tests.web.test_server import start; from pathlib import Path;"
            f"sys.exit(start(Path({str(config)!r}), Path({str(data_dir)!r}), host='127.0.0.1', port=81))")
    done = subprocess.run(["setpriv", "--bounding-set=-net_bind_service", sys.executable, "-c", code], cwd=ROOT,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "no right to listen" in done.stderr and done.stderr.count("\n") == 1


def test_a_settings_file_that_is_none_is_one_line(config: Path, data_dir: Path,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    loaded = settings.load(config)
    config.write_text("web = 3\n")
    assert serve(loaded, config, data_dir, Clock()) == 1
    assert "web" in one_line(capsys)


def test_it_serves_until_it_is_told_to_stop(config: Path, data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings.update(config, {"web.host": "127.0.0.1", "web.port": port})
    process = subprocess.Popen([sys.executable, "-m", "appliance.cli", "run", "--config", str(config),
                                "--data-dir", str(data_dir), "web"], cwd=ROOT)
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/static/icon.svg", timeout=5) as answer:
                    assert answer.status == 200
                    break
            except OSError:
                assert process.poll() is None
                time.sleep(.1)
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
