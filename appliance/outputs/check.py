"""The Test button of each output: does the other side take something from us, with what is typed and not yet saved?

Nothing of the history is sent: line protocol writes one point of the measurement `suntap_test`, MQTT connects and
publishes at TOPIC/SITE/test, a message says that it is a test.
"""
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from appliance.outputs.contract import OutputError
from appliance.settings import Settings
from appliance.system.clock import Clock


@dataclass(frozen=True)
class OutputCheck:
    """Whether it works, and one line for the owner."""

    ok: bool
    text: str


def check_output(name: str, settings: Settings, clock: Clock) -> OutputCheck:
    """Try the output `name` (lines, mqtt, notify). Raises KeyError for a name that is none; nothing else."""
    work = CHECKS[name]
    if not getattr(settings, name).url:
        return OutputCheck(False, "Enter an address first.")
    try:
        return OutputCheck(True, work(settings, clock))
    except OutputError as error:
        text = str(error)
        return OutputCheck(False, text[:1].upper() + text[1:] + ".")


def _lines(settings: Settings, clock: Clock) -> str:
    from appliance.outputs.lines.encode import tag
    from appliance.outputs.lines.target import Target
    target = Target(settings.lines)
    kind = "InfluxDB's kind" if target.replaces else "VictoriaMetrics"
    now = int(clock.time()) * 1000
    target.write(f"suntap_test,site={tag(settings.site.name)} value=1i {now}\n")
    return f"It takes what is written ({kind}). Once saved, the whole history follows."


def _mqtt(settings: Settings, clock: Clock) -> str:
    import secrets

    from appliance.outputs.mqtt import discovery
    from appliance.outputs.mqtt.broker import Broker
    topic = f"{discovery.base(settings.mqtt, settings.site)}/test"
    broker = Broker(settings.mqtt, f"suntap-test-{secrets.token_hex(4)}", (topic, ""))
    broker.connect()
    try:
        broker.publish(topic, "suntap was here")
        broker.confirm()
        broker.idle(0.1, Event())
    finally:
        broker.close()
    return f"The broker takes what is published (at {topic})."


def _notify(settings: Settings, clock: Clock) -> str:
    from appliance.outputs.notify.channel import channel
    from appliance.outputs.notify.message import trial
    channel(settings.notify)(trial(settings.site.name), settings.site.name, clock.time())
    return "A test message was taken. Look whether it arrived."


CHECKS: dict[str, Callable[[Settings, Clock], str]] = {"lines": _lines, "mqtt": _mqtt, "notify": _notify}
