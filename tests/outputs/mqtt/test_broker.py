"""A connection to an MQTT broker: what is no broker, or refuses us, is said in one line without a secret. What a broker
holds afterwards is tried in tests/outputs/test_mqtt."""
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.outputs.contract import OutputError
from appliance.outputs.mqtt import broker
from appliance.outputs.mqtt.broker import REFUSALS, Broker
from appliance.settings import Mqtt, Secret
from tests.outputs.engines import mosquitto
from tests.ports import free_port

WILL = ("suntap/roof/availability", "offline")


def connected(port: int, host: str = "127.0.0.1", **more: object) -> Broker:
    made = Broker(Mqtt(f"mqtt://{host}:{port}", **more), "suntap-test", WILL)     # type: ignore[arg-type]
    made.connect()
    return made


@contextmanager
def stand_in(*answers: bytes) -> Iterator[int]:
    """A server that answers what it is told with one of `answers` after the other; without any it closes at once."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _ = listening.accept()
        with client:
            for answer in answers:
                client.recv(65536)
                client.sendall(answer)
            if not answers:
                return
            client.settimeout(20)
            while client.recv(65536):
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        thread.join(20)


def test_a_wrong_password_is_said_without_the_password(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("me:$7$101$invalid$invalid\n")
    port = free_port()
    with mosquitto(tmp_path, port, f"allow_anonymous false\npassword_file {tmp_path / 'users'}\n").running():
        for more in ({}, {"username": "me", "password": Secret("not this one")}):
            with pytest.raises(OutputError, match=r"may not connect|is wrong") as caught:
                connected(port, **more)
            assert "not this one" not in str(caught.value)


def test_what_is_no_broker_is_said() -> None:
    with stand_in() as port, pytest.raises(OutputError, match=r"lost|answer"):
        connected(port)
    with pytest.raises(OutputError, match="cannot be reached"):
        connected(free_port())
    with pytest.raises(OutputError, match=r"nosuch\.invalid:1883 cannot be reached"):
        connected(1883, "nosuch.invalid")


def test_who_says_nothing_is_waited_for_so_long_and_then_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "CONNECT_S", 0.2)
    monkeypatch.setattr(broker, "LOOP_S", 0.05)
    with stand_in(b"") as port:
        made = Broker(Mqtt(f"mqtt://127.0.0.1:{port}"), "suntap-test", WILL)
        with pytest.raises(OutputError, match="does not answer"):
            made.connect()
        assert made._client.socket() is None        # it is not left open behind the next one


@pytest.mark.parametrize("reason", range(2, 6))
def test_a_refusal_has_its_words(reason: int) -> None:
    with stand_in(bytes([0x20, 2, 0, reason])) as port, pytest.raises(OutputError) as caught:
        connected(port)
    assert str(caught.value) == f"the broker refuses us: {REFUSALS[reason]}"


def test_what_the_broker_does_not_acknowledge_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "CONFIRM_S", 0.2)
    monkeypatch.setattr(broker, "LOOP_S", 0.05)
    with stand_in(bytes([0x20, 2, 0, 0])) as port:
        made = connected(port)
        made.publish("suntap/roof/state", "{}")
        with pytest.raises(OutputError, match="does not confirm"):
            made.confirm()
        made.close()


def test_a_connection_that_is_lost_is_told_while_nothing_is_to_be_done() -> None:
    with stand_in(bytes([0x20, 2, 0, 0]), bytes([0xD0])) as port:
        made = connected(port)
        made._client.socket().shutdown(socket.SHUT_RDWR)
        with pytest.raises(OutputError, match="connection to the broker was lost"):
            made.idle(20, threading.Event())
        made.close()


def test_idling_ends_when_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "LOOP_S", 0.02)
    with stand_in(bytes([0x20, 2, 0, 0])) as port:
        made, stop = connected(port), threading.Event()
        threading.Timer(0.05, stop.set).start()
        before = time.monotonic()
        made.idle(600, stop)
        assert stop.is_set() and time.monotonic() - before < 300
        made.close()
