"""One connection to an MQTT broker, driven by its caller's thread. Takes paho-mqtt 1.6 (Debian 12) and 2.

Invariants: nothing is queued while there is no connection; publish() is bounded by the caller, confirm() waits for the
broker's acknowledgements and is bounded in time. A failure is an OutputError, after which the connection is closed.
"""
import time
from collections.abc import Callable
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho

from appliance.outputs.contract import OutputError
from appliance.settings import Mqtt

KEEPALIVE_S = 60
CONNECT_S = 15.0            # for TCP, TLS and the broker's welcome
CONFIRM_S = 20.0            # for the acknowledgements of what was published
LOOP_S = 0.5
MAX_PENDING = 2000          # messages without acknowledgement: more than any site publishes at once
REFUSALS = {                # reason codes of MQTT 3.1.1, and of MQTT 5 as paho 2 translates them
    1: "it does not speak MQTT 3.1.1", 2: "it does not take our client id", 3: "it is not available just now",
    4: "user or password is wrong", 5: "this user may not connect", 132: "it does not speak MQTT 3.1.1",
    133: "it does not take our client id", 134: "user or password is wrong", 135: "this user may not connect",
    136: "it is not available just now",
}


class Broker:
    """A connection with a last will: `will` (topic, payload) is published, retained, when we vanish."""

    def __init__(self, settings: Mqtt, client_id: str, will: tuple[str, str],
                 received: Callable[[str, bytes], None] | None = None) -> None:
        self._pending: list[Any] = []
        self._welcome: int | None = None
        self._lost = ""
        self._stop = Event()
        self._address = urlsplit(settings.url)
        client = self._client = _client(client_id)
        client.max_inflight_messages_set(100)
        client.max_queued_messages_set(MAX_PENDING)
        client.will_set(will[0], will[1], qos=1, retain=True)
        if settings.username:
            client.username_pw_set(settings.username, settings.password.reveal() or None)
        if self._address.scheme == "mqtts":
            client.tls_set()
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        if received is not None:
            client.on_message = lambda _client, _data, message: received(message.topic, bytes(message.payload))

    def connect(self) -> None:
        """Connect and wait for the broker's welcome. Raises OutputError."""
        secure = self._address.scheme == "mqtts"
        port = self._address.port or (8883 if secure else 1883)
        host = self._address.hostname or ""
        try:
            self._client.connect(host, port, KEEPALIVE_S)
        except (OSError, ValueError) as error:
            raise OutputError(f"the broker {host}:{port} cannot be reached ({_reason(error)})") from None
        self._turn(CONNECT_S, lambda: self._welcome is not None,
                   "the broker does not answer: is it MQTT that listens there?")
        if self._welcome:
            self.close()
            raise OutputError(f"the broker refuses us: {REFUSALS.get(self._welcome, f'reason {self._welcome}')}")

    def subscribe(self, topic: str) -> None:
        """Receive what is published at `topic`."""
        self._client.subscribe(topic, qos=1)

    def publish(self, topic: str, payload: str, retain: bool = False) -> None:
        """Hand over one message. Raises OutputError when too many wait for the broker."""
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        if info.rc not in (paho.MQTT_ERR_SUCCESS,):
            raise OutputError(f"the broker does not take what is published ({paho.error_string(info.rc)})")
        self._pending.append(info)

    def confirm(self) -> None:
        """Wait until the broker has all that was published. Raises OutputError."""
        self._turn(CONFIRM_S, lambda: all(info.is_published() for info in self._pending),
                   "the broker does not confirm what was published")
        self._pending.clear()

    def idle(self, seconds: float, stop: Event) -> None:
        """Keep the connection alive and receive, for so long or until `stop`. Raises OutputError when it is lost."""
        end = time.monotonic() + seconds
        while not stop.is_set() and (left := end - time.monotonic()) > 0:
            self._once(min(LOOP_S, left))

    def close(self) -> None:
        """Say goodbye; the last will is not published then."""
        self._client.disconnect()
        self._client.loop(0.1)

    def _turn(self, seconds: float, done: Callable[[], bool], words: str) -> None:
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                self.close()
                raise OutputError(words)
            self._once(LOOP_S)

    def _once(self, seconds: float) -> None:
        code = self._client.loop(seconds)
        if self._welcome:
            return              # refused: said by connect()
        if code != paho.MQTT_ERR_SUCCESS or self._lost:
            raise OutputError(f"the connection to the broker was lost ({self._lost or paho.error_string(code)})")

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, *_more: Any) -> None:
        self._welcome = int(getattr(reason, "value", reason))

    def _on_disconnect(self, _client: Any, _data: Any, *reasons: Any) -> None:
        self._lost = "it closed it"


def _client(client_id: str) -> Any:
    """A client of either series of paho."""
    make: Any = paho.Client
    versions = getattr(paho, "CallbackAPIVersion", None)
    return make(client_id) if versions is None else make(versions.VERSION2, client_id)


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split())[:120]
