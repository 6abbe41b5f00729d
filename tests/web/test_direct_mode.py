"""Direct mode: page and collector share a port, and the PVS's uploads reach the stand-in as they were sent."""
import socket
from contextlib import closing

import pytest

from appliance.collector import NAME
from appliance.collector.listener import MAX_BODY
from appliance.simulate import uploads
from appliance.simulate.pvs import Wire
from appliance.store import inbox
from appliance.system.heartbeat import Heartbeat
from tests.collector.support import answer_on, serving
from tests.web.conftest import running
from webui import direct_mode
from webui.direct_mode import is_upload
from webui.limits import MAX_UPLOAD
from webui.server import listen

BODY = b"100\tSPMS\t10\tZT160000000441C0001\t20260607162941\n102\tnomAQPq+JV15zemUzITk\n"


@pytest.fixture
def page(app, data_dir):
    """The page on a free port of loopback; its address."""
    server = listen(app, "127.0.0.1", 0)
    with running(server):
        yield "127.0.0.1", int(server.effective_port)


@pytest.fixture
def stand_in(data_dir):
    with serving(data_dir) as served:
        Heartbeat("collector", data_dir).beat(serving=True, page_socket=str(data_dir / "collector.sock"))
        yield served


def ask(address: tuple[str, int], request: bytes) -> bytes:
    with socket.create_connection(address, 10) as connection:
        connection.sendall(request)
        return answer_on(connection)


@pytest.mark.parametrize("path", [uploads.DATA, uploads.COMMAND])
def test_an_upload_to_the_collectors_name_is_stored_and_answered(page, stand_in, data_dir, path):
    assert Wire(page)([uploads.post(BODY + b"%d\n" % number, path) for number in range(3)]) == 3
    with closing(inbox.connect(data_dir)) as connection:
        found = [upload for _, upload in inbox.after(connection, 0, 10)]
    assert [upload.body for upload in found] == [BODY + b"%d\n" % number for number in range(3)]
    assert all(upload.source.startswith("127.0.0.1:") and upload.destination == f"{NAME}:80" for upload in found)


def test_a_body_larger_than_a_form_arrives_whole_and_one_over_the_limit_is_refused(page, stand_in):
    assert MAX_UPLOAD == MAX_BODY
    assert Wire(page)([uploads.post(b"100\n" + b"x" * (2 << 20))]) == 1
    assert ask(page, uploads.post(b"100\n" + b"x" * 16).wire.replace(b"Length: 20", b"Length: 99999999")
               ).split()[1] == b"413"


@pytest.mark.parametrize("mark", [
    b"Origin: https://evil.example", b"Origin: null", b"origin:", b"Sec-Fetch-Site: cross-site",
    b"Referer: http://evil.example/", b"Cookie: a=b", b"Upgrade: websocket"])
def test_a_web_page_in_the_owners_browser_uploads_nothing(page, stand_in, data_dir, mark):
    """Any page can post text to the collector's name, which the owner's router points here."""
    request = uploads.post(BODY).wire.replace(b"\r\n\r\n", b"\r\n" + mark + b"\r\n\r\n", 1)
    assert ask(page, request).split()[1] in (b"403", b"404", b"421")
    with closing(inbox.connect(data_dir)) as connection:
        assert inbox.count_after(connection, 0) == 0


def test_everything_else_on_the_port_is_the_pages(page, stand_in):
    request = uploads.post(BODY).wire
    assert ask(page, request.replace(NAME.encode(), b"other.example.com")).split()[1] == b"421"
    assert ask(page, f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()).split()[1] == b"421"
    assert ask(page, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").split()[1] in (b"200", b"503")
    assert ask(page, request.replace(uploads.DATA.encode(), b"/Data/Other.aspx")).split()[1] == b"421"
    assert sum(stand_in.app.counters.values()) == 0


def test_a_method_other_than_post_gets_the_stand_ins_refusal(page, stand_in):
    assert ask(page, f"GET {uploads.DATA} HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()).split()[1] == b"405"
    assert stand_in.app.counters["refused_method"] == 1


def test_without_a_stand_in_the_answer_is_503_and_never_1002(page, data_dir):
    assert ask(page, uploads.post(BODY).wire).split()[1] == b"503"
    Heartbeat("collector", data_dir).beat(serving=False, page_socket="/nowhere/collector.sock")
    assert ask(page, uploads.post(BODY).wire).split()[1] == b"503"
    Heartbeat("collector", data_dir).beat(serving=True, page_socket="/nowhere/collector.sock")
    assert ask(page, uploads.post(BODY).wire).split()[1] == b"503"


@pytest.mark.parametrize("host, its", [(NAME, True), (f"{NAME}:80", True), (NAME.upper(), True), (f"{NAME}.", True),
                                       ("suntap.local", False), (f"x.{NAME}", False), ("", False), (":80", False)])
def test_which_host_names_are_the_collectors(host, its):
    assert is_upload(host, uploads.DATA) is its
    assert not is_upload(host, "/")


def test_behind_a_socket_for_both_kinds_of_address_a_sender_is_known_by_its_own(app, stand_in, data_dir, monkeypatch):
    """systemd's socket shows 192.0.2.50 as ::ffff:192.0.2.50: without the hardware address a serial alone would do."""
    asked = []
    monkeypatch.setattr(direct_mode, "hardware_address", lambda address: asked.append(address) or "02:00:5e:00:53:01")
    both = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    server = listen(app, "", 0, [both])
    with running(server):
        assert Wire(("127.0.0.1", both.getsockname()[1]))([uploads.post(BODY)]) == 1
    with closing(inbox.connect(data_dir, readonly=True)) as connection:
        assert connection.execute("SELECT mac, address FROM sender WHERE mac <> '-'").fetchall() == [
            ("02:00:5e:00:53:01", "127.0.0.1")]
    assert asked == ["127.0.0.1"]
