"""Messages through a real SMTP server, with and without TLS; each is delivered once."""
import os
import ssl
import subprocess
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from appliance.outputs.contract import Fact, OutputError
from appliance.outputs.notify import GAP_S
from tests.outputs.notify.box import FULL, SECRET, Box
from tests.outputs.support import House
from tests.ports import free_port


class Mailbox:
    """What a mail server took."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.answer = "250 taken"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answer.startswith("2"):
            self.got.append(envelope)
        return self.answer


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's context whose certificate this process trusts."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", tmp_path / "key", "-out", tmp_path / "cert"],
                   check=True, capture_output=True)
    monkeypatch.setitem(os.environ, "SSL_CERT_FILE", str(tmp_path / "cert"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    return context


def serve(mailbox: Mailbox, **more: Any) -> Controller:
    """A running mail server on a free port."""
    controller = Controller(mailbox, hostname="localhost", port=free_port(), **more)
    controller.start()
    return controller


def login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    right = (data.login, data.password) == (b"me@example.org", SECRET.encode())
    return AuthResult(success=right, handled=right)


def test_mail_goes_out_over_starttls_with_the_password(house: House, certificate: ssl.SSLContext) -> None:
    mailbox = Mailbox()
    server = serve(mailbox, tls_context=certificate, authenticator=login, auth_required=True, require_starttls=True)
    address = f"mailto:you@example.org?smtp=smtp://me%40example.org@localhost:{server.port}"
    try:
        Box(house, address, SECRET).look(FULL)
        with pytest.raises(OutputError, match="refuses user or password") as caught:
            Box(House(house.folder.parent / "other"), address, "wrong").look(FULL)
        assert "wrong" not in str(caught.value)
    finally:
        server.stop()
    (envelope,) = mailbox.got
    mail = message_from_bytes(envelope.content)
    assert (mail["To"], mail["From"]) == ("you@example.org", "me@example.org")
    assert mail["Subject"] == "suntap roof: needs a look"
    assert mail["Date"] and mail["Message-ID"] and "The disk is full." in mail.get_payload()


def test_a_password_never_travels_in_clear(house: House) -> None:
    mailbox = Mailbox()
    server = serve(mailbox, authenticator=login, auth_require_tls=False)
    try:
        with pytest.raises(OutputError, match="STARTTLS"):
            Box(house, f"mailto:you@example.org?smtp=smtp://me@localhost:{server.port}", SECRET).look(FULL)
    finally:
        server.stop()
    assert not mailbox.got


def test_a_mail_server_of_a_stranger_is_not_believed(house: House, certificate: ssl.SSLContext,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(os.environ, "SSL_CERT_FILE")
    server = serve(Mailbox(), tls_context=certificate)
    try:
        with pytest.raises(OutputError, match="certificate"):
            Box(house, f"mailto:you@example.org?smtp=smtp://me@localhost:{server.port}", SECRET).look(FULL)
    finally:
        server.stop()


def test_a_relay_without_a_user_takes_plain_mail_and_a_refusal_is_said_in_its_words(house: House) -> None:
    mailbox = Mailbox()
    server = serve(mailbox)
    box = Box(house, f"mailto:you@example.org?smtp=smtp://localhost:{server.port}")
    try:
        mailbox.answer = "452 mailbox is full"
        with pytest.raises(OutputError, match="452 mailbox is full"):
            box.look(FULL)
        mailbox.answer = "250 taken"
        box.look(FULL)
        box.look(FULL)
    finally:
        server.stop()
    assert len(mailbox.got) == 1
    box.look(Fact("clock", "bad", "wrong"), after_s=GAP_S)
    with pytest.raises(OutputError, match="did not take"):
        box.look(Fact("clock", "bad", "wrong"), after_s=7200)
