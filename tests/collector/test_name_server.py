"""The name server for the one name: a real dnsmasq on the loopback; without it, or with one that fails, why."""
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.collector import NAME, REDIRECTED, name_server
from appliance.collector.dns import addresses, query
from appliance.collector.name_server import MISSING, TTL_S, Names
from tests.cli.command import ROOT, environment
from tests.cli.processes import alive, wait_for
from tests.ports import free_port


def ask(port: int, name: str) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(20)
        channel.connect(("127.0.0.1", port))
        channel.send(query(name, 7))
        return channel.recv(512)


@pytest.fixture
def served():
    if not name_server.program():
        pytest.skip("needs dnsmasq")
    made = Names(free_port())
    for _ in range(10):     # on a busy machine it may start late
        if made.look_after():
            break
    yield made
    made.close()


def test_it_knows_the_one_name_for_seconds_and_no_other(served: Names) -> None:
    assert served.problem == ""
    assert addresses(ask(served.port, NAME)) == [(REDIRECTED, TTL_S)]
    assert addresses(ask(served.port, "example.com")) == []


def test_one_that_was_killed_is_started_again_and_counted(served: Names) -> None:
    before, first = served.restarts, served._process
    assert first is not None
    first.kill()
    first.wait()
    while not served.look_after():
        assert served.restarts < before + 10
    assert served._process is not None and served._process.pid != first.pid and served.restarts > before
    pid = served._process.pid
    served.close()
    assert not alive(pid)


@pytest.mark.skipif(not name_server.program(), reason="needs dnsmasq")
def test_it_ends_with_the_process_that_started_it_however_that_ends() -> None:
    code = ("import sys, time; from appliance.collector.name_server import Names; made = Names(int(sys.argv[1]))\n"
            "while not made.look_after(): pass\n"
            "print(made._process.pid, flush=True); time.sleep(600)")
    with subprocess.Popen([sys.executable, "-c", code, str(free_port())], stdout=subprocess.PIPE, text=True, cwd=ROOT,
                          env=environment()) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.send_signal(signal.SIGKILL)
        wait_for(lambda: not alive(pid))


def test_without_dnsmasq_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(name_server, "PLACES", "")
    made = Names(free_port())
    assert not made.look_after() and made.problem == MISSING
    made.close()


def test_one_that_does_not_answer_is_told_and_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sleep = shutil.which("sleep")
    (tmp_path / "dnsmasq").write_text(f"#!/bin/sh\nexec {sleep} 600\n")
    (tmp_path / "dnsmasq").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(name_server, "PLACES", "")
    monkeypatch.setattr(name_server.os, "geteuid", lambda: 1)   # nobody may not enter the test's folder
    monkeypatch.setattr(name_server, "START_S", 0.2)
    made = Names(free_port())
    assert not made.look_after() and f"does not answer on port {made.port}" in made.problem
    pid = made._process.pid if made._process else 0
    made.close()
    assert pid and not alive(pid)


def test_a_port_that_is_taken_over_tcp_is_told_in_dnsmasqs_own_words() -> None:
    if not name_server.program():
        pytest.skip("needs dnsmasq")
    with socket.create_server(("0.0.0.0", free_port())) as taken:
        made = Names(taken.getsockname()[1])
        assert not made.look_after() and "Address already in use" in made.problem
        made.close()
