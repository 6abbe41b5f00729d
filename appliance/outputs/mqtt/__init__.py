"""Newest state → MQTT, in Home Assistant's discovery form.

    TOPIC/SITE/availability             online | offline, retained; our last will
    TOPIC/SITE/state                    JSON of the site, every REPEAT_S and with each change
    TOPIC/SITE/inverter/SERIAL/state    JSON of an inverter
    DISCOVERY/…/config                  retained (module discovery)

Theory: a broker holds the present, so history is not replayed: each message says all there is to say now, and a
broker that was away costs nothing. States are not retained, so Home Assistant never takes an old one for fresh; it
announces its start at DISCOVERY/status and gets everything at once. Counters never fall (module rising). What was
announced is remembered, and taken back when the device is not there any more.
"""
import secrets
from typing import Any

from appliance.outputs import progress
from appliance.outputs.contract import Context, OutputError
from appliance.outputs.mqtt import discovery, snapshot
from appliance.outputs.mqtt.broker import Broker

REPEAT_S = 60.0             # of the system's own clock: less than discovery.EXPIRE_S
POLL_S = 2.0                # between two looks for a change
SETTLE_S = 5.0              # who just heard of a sensor needs a moment to listen to it: then all is said once more
NAME = "mqtt"


class MqttOutput:
    """The output for one broker."""

    def __init__(self, context: Context) -> None:
        self._context, self._store = context, context.store
        self._mqtt, self._site = context.settings.mqtt, context.settings.site
        self._base = discovery.base(self._mqtt, self._site)
        self._broker: Broker | None = None
        self._announce = False
        self._seen: int | None = None
        self._said = float("-inf")

    def step(self) -> float:
        """Connect if there is no connection; publish if something changed or REPEAT_S passed."""
        try:
            broker = self._broker or self._connect()
            steady = self._context.clock.sleep_seconds(self._context.clock.steady()[1])
            seen = int(self._store.execute("PRAGMA data_version").fetchone()[0])    # another one with each commit
            if self._announce or seen != self._seen or steady - self._said >= REPEAT_S:
                announced = self._publish(broker)
                self._seen, self._said = seen, steady - (REPEAT_S - SETTLE_S if announced else 0.0)
        except OutputError:
            self._drop()
            raise
        return POLL_S

    def wait(self, seconds: float) -> None:
        """Stay connected. A lost connection is told by the next step."""
        if self._broker is None:
            self._context.stop.wait(seconds)
            return
        try:
            self._broker.idle(seconds, self._context.stop)
        except OutputError:
            self._drop()

    def close(self) -> None:
        """Say that we go."""
        if self._broker is None:
            return
        try:
            self._broker.publish(f"{self._base}/availability", "offline", retain=True)
            self._broker.confirm()
            self._broker.close()
        except (OutputError, OSError):
            pass

    def _connect(self) -> Broker:
        known = progress.get(self._store, NAME, "client")
        if known is None:
            known = f"suntap-{secrets.token_hex(6)}"
            progress.put(self._store, NAME, "client", known)
        broker = Broker(self._mqtt, known, (f"{self._base}/availability", "offline"), self._received)
        broker.connect()
        if self._mqtt.discovery:
            broker.subscribe(f"{self._mqtt.discovery}/status")
        self._broker, self._announce = broker, True
        return broker

    def _drop(self) -> None:
        if self._broker is not None:
            self._broker.close()
        self._broker = None

    def _received(self, topic: str, payload: bytes) -> None:
        """Home Assistant has started."""
        self._announce |= topic == f"{self._mqtt.discovery}/status" and payload == b"online"

    def _publish(self, broker: Broker) -> bool:
        """Everything there is to say now; whether sensors were announced."""
        lamps = self._context.facts().lamps
        now = snapshot.take(self._store, self._context.clock.time())
        names = [lamp.name for lamp in lamps]
        announced = self._announced(broker, discovery.messages(self._mqtt, self._site, now, names)
                                    if self._mqtt.discovery else {})
        broker.publish(f"{self._base}/availability", "online", retain=True)
        broker.publish(f"{self._base}/state", snapshot.site_payload(now, lamps))
        for unit in now.units:
            broker.publish(discovery.unit_topic(self._mqtt, self._site, unit), snapshot.unit_payload(unit))
        broker.confirm()
        self._announce = False
        self._context.count("messages", 2 + len(now.units))
        return announced

    def _announced(self, broker: Broker, wanted: dict[str, str]) -> bool:
        """Announce what is new or changed (all of it after a start), and take back what is gone; whether there was
        any."""
        known: dict[str, Any] = progress.get(self._store, NAME, "announced") or {}
        if known == wanted and not self._announce:
            return False
        progress.put(self._store, NAME, "announced", {**known, **wanted})     # a kill here leaves none behind
        for topic, payload in wanted.items():
            broker.publish(topic, payload, retain=True)
        for topic in known.keys() - wanted.keys():
            broker.publish(topic, "", retain=True)
        broker.confirm()
        progress.put(self._store, NAME, "announced", wanted)
        return True
