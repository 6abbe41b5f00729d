"""Messages through a real SMTP server and an HTTP server that fails in every way; each is delivered once."""
import json
import os
import ssl
import subprocess
import threading
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from appliance.outputs.contract import Context, Fact, Facts, OutputError
from appliance.outputs.notify import GAP_S, NotifyOutput
from appliance.settings import Notify, Secret, Settings
from tests.outputs.hook import url_of
from tests.outputs.support import House
from tests.ports import free_port

SECRET = "pass word-of-the-owner"
FULL = Fact("disk", "bad", "The disk is full.", "Use a larger card.")


class Box:
    """A house whose lamps a test sets."""

    def __init__(self, house: House, url: str, token: str = "") -> None:
        self.house, self.facts = house, Facts()
        self.settings = Settings(site=house.site, notify=Notify(url, Secret(token)))
        self.start()

    def start(self) -> None:
        self.context = Context(self.house.store, self.settings, self.house.clock, lambda: self.facts, threading.Event())
        self.output = NotifyOutput(self.context)

    def look(self, *lamps: Fact, after_s: float = 60) -> None:
        self.house.clock.pass_(after_s)
        self.facts = Facts(lamps)
        self.output.step()


def test_json_says_everything_and_a_restart_neither_forgets_nor_repeats(house: House, hook: Any) -> None:
    box = Box(house, url_of(hook, "/hook"), SECRET)
    box.look()
    box.look(FULL)
    box.start()
    box.look(FULL, after_s=GAP_S)
    box.look(after_s=GAP_S)
    box.start()
    box.look(after_s=3600)
    box.look(after_s=3600)
    first, second = (json.loads(body) for _, _, body in hook.got)
    assert first["title"] == "suntap roof: needs a look" and first["urgent"] and "The disk is full." in first["text"]
    assert second["over"] and not second["urgent"]
    assert hook.got[0][1]["Authorization"] == f"Bearer {SECRET}"


def test_ntfys_form_is_text_with_a_title(house: House, hook: Any) -> None:
    box = Box(house, url_of(hook, "/topic?form=ntfy"))
    box.look(FULL)
    path, headers, body = hook.got[0]
    assert (path, headers["Title"], headers["Priority"]) == ("/topic", "suntap roof: needs a look", "high")
    assert body.decode() == "The disk is full.\nUse a larger card."


@pytest.mark.parametrize(("behaviour", "words"), [
    ((500, {}, b"oh\n\x00no"), "500 oh"), ((401, {}, b""), "check the token"), ((404, {}, b"x" * 99_999), "address"),
    ((429, {"Retry-After": "120"}, b""), "too many"), ((302, {"Location": "http://203.0.113.9/"}, b""), "302"),
    ((None, {}, b""), "connection")])
def test_a_webhook_that_fails_is_told_and_the_message_follows_once(house: House, hook: Any, behaviour, words) -> None:
    box = Box(house, url_of(hook, "/hook"), SECRET)
    hook.behaviour = behaviour
    for _ in range(3):
        with pytest.raises(OutputError, match=words) as caught:
            box.look(FULL)
        assert SECRET not in str(caught.value) and len(str(caught.value)) < 400 and str(caught.value).isprintable()
    assert caught.value.wait_s == (120 if behaviour[0] == 429 else 0)
    hook.behaviour = (200, {}, b"")
    hook.got.clear()
    box.look(FULL)
    box.look(FULL)
    assert len(hook.got) == 1


def test_a_secret_that_the_other_side_repeats_is_masked(house: House, hook: Any) -> None:
    hook.behaviour = (403, {}, f"bad token {SECRET}".encode())
    with pytest.raises(OutputError, match=r"\*\*\*\*") as caught:
        Box(house, url_of(hook, "/hook"), SECRET).look(FULL)
    assert SECRET not in str(caught.value)


def test_matters_that_follow_each_other_quickly_become_one_digest(house: House, hook: Any) -> None:
    box = Box(house, url_of(hook, "/hook"))
    lamps = [Fact(f"lamp{number}", "bad", f"Matter {number}.") for number in range(6)]
    box.look(FULL)
    for number in range(1, 7):
        box.look(FULL, *lamps[:number], after_s=120)
    box.look(FULL, *lamps, after_s=GAP_S)
    box.look(FULL, *lamps, after_s=GAP_S)
    assert len(hook.got) <= 3
    told = "".join(json.loads(body)["text"] for _, _, body in hook.got)
    assert all(told.count(f"Matter {number}.") == 1 for number in range(6))


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
