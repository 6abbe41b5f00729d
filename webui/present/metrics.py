"""How the box is, as Prometheus metrics: base units (joules, watts, seconds, bytes), counters that end in _total.

What is not known is left out, never 0. Energies become floats here at the edge, as the format has no other numbers;
those of less than 2^53 joules (2.5 TWh) are exact. Made anew for each scrape: nothing is remembered.
"""
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest

from appliance import __version__
from appliance.health.sources import HistoryFacts, InboxFacts
from appliance.health.status import Status
from appliance.history.views import Device, Lifetime
from webui.present.energy import Now

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
JOULES = 360                # in 0.1 Wh
STATES = ("ok", "warn", "bad", "unknown")


class _Scrape:
    """A collector of metrics that were already made."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = list(found)

    def collect(self) -> Iterable[Metric]:
        return self._found


def text(status: Status, now: Now, lifetime: Lifetime, lifetime_dwh: int | None, inverters: Iterable[Device]) -> bytes:
    """The page /metrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scrape([*_energy(now, lifetime, lifetime_dwh), *_inverters(inverters), *_health(status),
                               *_processes(status), *_history(status)]))
    return generate_latest(registry)


def _energy(now: Now, lifetime: Lifetime, lifetime_dwh: int | None) -> Iterator[Metric]:
    totals = {"production": lifetime_dwh, "consumption": lifetime.consumption_dwh, "import": lifetime.import_dwh,
              "export": lifetime.export_dwh}
    for name, value in totals.items():
        if value is not None:
            yield CounterMetricFamily(f"suntap_{name}_joules", f"Energy of the site since the beginning: {name}",
                                      value * JOULES)
    powers = {"production": now.production_w, "consumption": now.consumption_w, "grid": now.net_w}
    for name, watts in powers.items():
        if watts is not None and now.fresh:
            yield GaugeMetricFamily(f"suntap_{name}_watts", f"Mean power of the newest slot: {name}", watts)
    if now.age_s is not None:
        yield GaugeMetricFamily("suntap_reading_age_seconds", "Age of the newest slot's end", now.age_s)


def _inverters(inverters: Iterable[Device]) -> Iterator[Metric]:
    energy = CounterMetricFamily("suntap_inverter_joules", "An inverter's own lifetime counter", labels=["serial"])
    power = GaugeMetricFamily("suntap_inverter_watts", "An inverter's newest power sample", labels=["serial"])
    for device in inverters:
        if device.counter_dwh is not None:
            energy.add_metric([device.serial], device.counter_dwh * JOULES)
        if device.power_dw is not None:
            power.add_metric([device.serial], device.power_dw / 10)
    yield from (energy, power)


def _health(status: Status) -> Iterator[Metric]:
    yield GaugeMetricFamily("suntap_up", "Whether nothing of suntap is out of order", int(status.healthy()[0]))
    info = GaugeMetricFamily("suntap_build_info", "The version that runs", labels=["version"])
    info.add_metric([__version__], 1)
    lamps = GaugeMetricFamily("suntap_lamp_state", "1 for the state that a lamp has", labels=["lamp", "state"])
    for lamp in status.lamps:
        for state in STATES:
            lamps.add_metric([lamp.name, state], int(lamp.state == state))
    yield from (info, lamps)
    if status.room:
        yield GaugeMetricFamily("suntap_disk_free_bytes", "Room left on the disk", status.room.free)
        yield GaugeMetricFamily("suntap_disk_size_bytes", "Size of the disk", status.room.total)
    if status.temperature_c is not None:
        yield GaugeMetricFamily("suntap_temperature_celsius", "The processor's temperature", status.temperature_c)


def _processes(status: Status) -> Iterator[Metric]:
    alive = GaugeMetricFamily("suntap_process_up", "Whether a process works", labels=["process"])
    starts = CounterMetricFamily("suntap_process_restarts", "Restarts since the box was started", labels=["process"])
    events = CounterMetricFamily("suntap_events", "What a process counted since it was started",
                                 labels=["process", "event"])
    trouble = GaugeMetricFamily("suntap_output_trouble", "1 while an output does not get through", labels=["output"])
    done = CounterMetricFamily("suntap_output_events", "What an output counted since it was started",
                               labels=["output", "event"])
    for process in status.processes:
        alive.add_metric([process.name], int(process.alive))
        starts.add_metric([process.name], process.restarts)
        for event, count in process.counters.items():
            events.add_metric([process.name, event], count)
        for name, facts in process.outputs.items():
            trouble.add_metric([name], int(bool(facts.get("problem"))))
            for event in ("rows", "refused", "partial", "messages"):
                if event in facts:
                    done.add_metric([name, event], facts[event])
    yield from (alive, starts, events, trouble, done)


def _history(status: Status) -> Iterator[Metric]:
    size = GaugeMetricFamily("suntap_database_bytes", "Size of a database", labels=["database"])
    if isinstance(status.inbox, InboxFacts):
        size.add_metric(["inbox"], status.inbox.bytes)
        yield GaugeMetricFamily("suntap_inbox_uploads", "Captured uploads that are kept", status.inbox.uploads)
    if isinstance(status.history, HistoryFacts):
        size.add_metric(["history"], status.history.bytes)
        rows = GaugeMetricFamily("suntap_pvoutput_rows", "Slots for PVOutput by their state", labels=["state"])
        for state, count in status.history.outbox.items():
            rows.add_metric([state], count)
        yield rows
        yield GaugeMetricFamily("suntap_notices", "Notices to the owner that deserve a look",
                                sum(notice.state != "ok" for notice in status.history.notices))
    yield size
