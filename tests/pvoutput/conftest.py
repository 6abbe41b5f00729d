"""Fixtures: a clock that is moved by hand, a simulated PVOutput on it, and a box that posts to it."""
import sqlite3
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from appliance.settings import PvSystem
from appliance.simulate.pvoutput import PvOutput, System
from appliance.store import connect
from tests.pvoutput.several import DAY, EVE, SERIALS, record
from tests.pvoutput.support import KEY, Box, HandClock, settings_for


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def server(clock: HandClock) -> Iterator[PvOutput]:
    with PvOutput(HandClock(moment=clock.moment), api_key=KEY) as running:  # its wall clock is always right
        yield running


@pytest.fixture
def box(tmp_path: Path, clock: HandClock, server: PvOutput) -> Iterator[Box]:
    made = Box(tmp_path, clock, server, settings_for(server))
    yield made
    made.store.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A history with nothing in it."""
    conn = connect(tmp_path)
    yield conn
    conn.close()


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Box]:
    """A box with three inverters: the first has a system of its own, the two others share one, beside the total."""
    clock = HandClock()
    more = [System(system_id="777", name="East"), System(system_id="778", name="West", interval=15)]
    with PvOutput(HandClock(moment=clock.moment), api_key=KEY, more=more) as server:
        settings = settings_for(server, system=(PvSystem("777", SERIALS[:1]), PvSystem("778", SERIALS[1:])))
        made = Box(tmp_path, clock, server, settings)
        record(made, EVE, 84, 252)
        record(made, DAY, 84, 138)
        yield made
        made.store.close()


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[str]:
    """A TLS server whose certificate it signed itself; its URL. openssl comes with Debian's ca-certificates."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    http = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    http.socket = context.wrap_socket(http.socket, server_side=True)
    http.handle_error = lambda *_: None  # type: ignore[method-assign]  # the client's refusal is no news
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{http.server_port}/service/r2/"
    http.shutdown()
    http.server_close()
    thread.join()
