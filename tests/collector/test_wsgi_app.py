"""What the stand-in answers, to whom, and when it says nothing."""
import socket
from datetime import UTC, datetime

import pytest

from appliance.collector import ALIVE, PEER, PEER_MAC, bounds
from appliance.collector.wsgi_app import is_own_network
from appliance.simulate import uploads
from appliance.store import inbox
from appliance.system.clock import Clock
from tests.cli.processes import wait_for
from tests.collector.support import MEANT_FOR, answer_on, on_page_socket, serving

BODY = b"100\tSPMS\t10\tZT160000000441C0001\t20260607162941\n102\tnomAQPq+JV15zemUzITk\n"
NOON = 1_780_000_000.0


@pytest.fixture
def served(tmp_path):
    with serving(tmp_path / "data", Clock(rate=0.0, start=NOON)) as made:
        yield made


@pytest.mark.parametrize("path", [uploads.DATA, uploads.COMMAND])
def test_an_upload_is_in_the_inbox_when_1002_is_said(served, path):
    answer = served.raw(uploads.post(BODY, path).wire)
    head, _, text = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert text == b"1002\t" + f"{datetime.fromtimestamp(NOON, UTC):%Y%m%d%H%M%S}".encode() + b"\r\n"
    assert {b"Cache-Control: no-cache, no-transform, must-revalidate", b"Content-Type: text/plain",
            b"Content-Length: 21", b"Connection: keep-alive"} <= set(head.split(b"\r\n"))
    assert b"Set-Cookie" not in head
    connection = inbox.connect(served.data_dir, readonly=True)
    ((_, upload),) = inbox.after(connection, 0, 10)
    connection.close()
    assert (upload.path, upload.body, upload.complete, upload.destination) == (path, BODY, True, MEANT_FOR)
    assert upload.captured_us == int(NOON * 1e6) and upload.source.startswith("127.0.0.1:")


def test_the_same_upload_again_is_answered_again_and_stored_once(served):
    assert [served.send(BODY), served.send(BODY)] == [1, 1]
    assert served.stored() == [BODY]
    assert (served.app.counters["answered"], served.app.counters["repeated"]) == (2, 1)


def test_several_uploads_on_one_connection_are_answered_each(served):
    bodies = [BODY + b"%d\n" % number for number in range(8)]
    assert served.send(*bodies) == 8
    assert served.stored() == bodies and served.listener.counters["connections"] == 1


@pytest.mark.parametrize("options", [{"chunks": [7, 100]}, {"expect": True}, {"newline": "\r\n",
                                     "extra_headers": ["User-Agent: x", "Cookie: a=b"]}])
def test_other_firmwares_requests_are_understood(served, options):
    served.raw(uploads.post(BODY, **options).wire)
    assert wait_for(served.stored) == [BODY]
    assert served.app.counters["answered"] == 1


@pytest.mark.parametrize("request_line, status, counter", [
    ("POST /Data/Other.aspx HTTP/1.1", b"404", "refused_path"),
    ("POST /data/sms2datacollector.aspx HTTP/1.1", b"404", "refused_path"),
    ("POST /Data/SMS2DataCollector.aspx?x=1 HTTP/1.1", b"404", "refused_path"),
    ("POST / HTTP/1.1", b"404", "refused_path"),
    (f"GET {ALIVE} HTTP/1.1", b"404", "refused_path"),
    ("GET /Data/SMS2DataCollector.aspx HTTP/1.1", b"405", "refused_method"),
    ("PUT /Data/SMS2DataCollector.aspx HTTP/1.1", b"405", "refused_method"),
])
def test_other_paths_and_methods_are_refused_and_counted(served, request_line, status, counter):
    answer = served.raw(f"{request_line}\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY)
    assert answer.split()[1] == status
    assert served.app.counters[counter] == 1 and served.app.counters["answered"] == 0


def test_an_upload_without_a_body_is_refused(served):
    assert served.raw(uploads.post(b"").wire).split()[1] == b"400"
    assert served.app.counters["refused_empty"] == 1


def test_nothing_is_answered_and_nothing_stored_while_the_clock_is_a_guess(tmp_path):
    known: list[int] = []
    with serving(tmp_path / "data", clock_is_set=lambda: bool(known)) as served:
        assert served.raw(uploads.post(BODY).wire).split()[1] == b"503"
        assert served.app.counters["clock_not_set"] == 1
        known.append(1)
        assert served.send(BODY) == 1 and served.stored() == [BODY]


def test_an_inbox_that_takes_nothing_gives_503_and_no_1002_until_it_does(served):
    assert served.send(BODY) == 1
    inbox_file = served.data_dir / inbox.FILE
    inbox_file.rename(served.data_dir / "away")
    inbox_file.mkdir()
    answer = served.raw(uploads.post(BODY + b"more\n").wire)
    assert answer.split()[1] == b"503" and b"1002" not in answer
    assert served.app.counters["not_stored"] == 1 and served.app.deposit.problem
    inbox_file.rmdir()
    (served.data_dir / "away").rename(inbox_file)
    assert served.send(BODY + b"more\n") == 1
    assert served.stored() == [BODY, BODY + b"more\n"] and not served.app.deposit.problem


def test_a_sender_beyond_its_rate_is_refused_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "REQUESTS_AT_ONCE", 0.5)
    with serving(tmp_path / "data") as served:
        assert served.raw(uploads.post(BODY).wire).split()[1] == b"429"
        assert served.app.counters["refused_rate"] == 1


def test_only_the_named_hardware_address_may_send_where_the_settings_name_one(served):
    served.app.pvs_mac = "02:00:5e:00:53:01"      # loopback has none
    assert served.raw(uploads.post(BODY).wire).split()[1] == b"403"
    assert served.app.counters["refused_sender"] == 1


def test_a_kept_connection_ends_with_the_next_answer_once_the_place_is_given_back(served):
    with socket.create_connection(served.address, 5) as connection:
        connection.sendall(uploads.post(BODY).wire)
        assert b"Connection: keep-alive" in answer_on(connection)
        served.app.letting_go = True
        connection.sendall(uploads.post(BODY + b"x\n").wire)
        answer = answer_on(connection)
        assert b"1002\t" in answer and b"Connection: close" in answer and b"keep-alive" not in answer
        assert connection.recv(1) == b""


def through_the_page(served, request: bytes) -> bytes:
    return on_page_socket(served.data_dir / "collector.sock", request)


@pytest.mark.parametrize("peer, status", [("192.168.1.7:4000", b"200"), ("fe80::1:4000", b"200"),
                                          ("8.8.8.8:4000", b"403"), ("nonsense", b"403")])
def test_through_the_page_only_addresses_of_the_own_network_may_send(served, peer, status):
    answer = through_the_page(served, uploads.post(BODY, extra_headers=[f"{PEER}: {peer}"]).wire)
    assert answer.split()[1] == status
    assert len(served.stored() if status == b"200" else []) == (status == b"200")


def test_the_peer_header_of_a_redirected_connection_counts_for_nothing(served):
    assert b"1002" in served.raw(uploads.post(BODY, extra_headers=[f"{PEER}: 8.8.8.8:1"]).wire)
    connection = inbox.connect(served.data_dir, readonly=True)
    ((_, upload),) = inbox.after(connection, 0, 10)
    connection.close()
    assert upload.source.startswith("127.0.0.1:")


def test_the_page_says_the_senders_hardware_address_and_a_redirected_connection_cannot(served):
    served.app.pvs_mac = "02:00:5E:00:53:01"
    said = f"{PEER_MAC}: 02:00:5e:00:53:01"
    assert b"1002" in through_the_page(served, uploads.post(
        BODY, extra_headers=[f"{PEER}: 192.168.1.7:4000", said]).wire)
    assert served.raw(uploads.post(BODY, extra_headers=[f"{PEER}: 192.168.1.7:4000", said]).wire).split()[1] == b"403"


def test_the_proof_of_life_is_for_this_process_alone(served):
    assert through_the_page(served, f"GET {ALIVE} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).split()[1] == b"204"
    assert sum(served.app.counters.values()) == 0


@pytest.mark.parametrize("address, own", [
    ("192.168.1.5", True), ("10.0.0.1", True), ("172.16.0.9", True), ("127.0.0.1", True), ("169.254.1.1", True),
    ("fd00::1", True), ("fe80::1%eth0", True), ("::ffff:192.168.1.5", True), ("::ffff:8.8.8.8", False),
    ("8.8.8.8", False), ("2600::1", False), ("0.0.0.0", False), ("::", False), ("", False), ("x", False)])
def test_which_addresses_are_of_the_own_network(address, own):
    assert is_own_network(address) is own
