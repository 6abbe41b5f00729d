"""What Home Assistant is told about our sensors: retained messages in its MQTT discovery form, one a sensor.

One device for the site and one for each inverter, with the owner's name for it, joined by `via_device`. Classes and
units are those that its Energy dashboard takes: energy / total_increasing / kWh. Pure.
"""
import json
from typing import Any

from appliance import __version__
from appliance.outputs.mqtt.snapshot import Snapshot, Unit, safe
from appliance.settings import Mqtt, Site

EXPIRE_S = 300              # without a message for so long a sensor is unavailable; one comes every minute

ENERGIES = {"production": "Solar energy", "import": "Grid import", "export": "Grid export",
            "consumption": "Energy used"}
POWERS = {"production_w": "Solar power", "consumption_w": "Power used", "net_w": "Grid power"}
NEEDS = {"consumption_w": "consumption", "net_w": "import"}     # a power is there where its energy is


def base(settings: Mqtt, site: Site) -> str:
    """The topic below which everything of this site is published."""
    return f"{settings.topic}/{safe(site.name)}"


def unit_topic(settings: Mqtt, site: Site, unit: Unit) -> str:
    return f"{base(settings, site)}/inverter/{safe(unit.serial)}/state"


def messages(settings: Mqtt, site: Site, snapshot: Snapshot, lamps: list[str]) -> dict[str, str]:
    """Topic → retained payload for every sensor there is now. `lamps`: their names."""
    node = f"suntap_{safe(site.name)}"
    device: dict[str, Any] = {"identifiers": [node], "name": f"Solar {site.name}", "manufacturer": "SunPower",
                              "model": snapshot.pvs or "PVS"}
    if snapshot.firmware:
        device["sw_version"] = snapshot.firmware
    state = f"{base(settings, site)}/state"
    found: dict[str, dict[str, Any]] = {}
    for name in snapshot.counters:
        found[f"sensor/{node}/{name}"] = _energy(ENERGIES[name], f"{name}_kwh") | {"suggested_display_precision": 1}
    for name, title in POWERS.items():
        if NEEDS.get(name, "production") in snapshot.counters:
            found[f"sensor/{node}/{name}"] = _power(title, name)
    found[f"sensor/{node}/age"] = {
        "name": "Age of the newest reading", "value_template": "{{ value_json.age_s }}", "device_class": "duration",
        "state_class": "measurement", "unit_of_measurement": "s", "entity_category": "diagnostic"}
    for name in lamps:
        found[f"binary_sensor/{node}/lamp_{safe(name)}"] = {
            "name": f"{name.capitalize()} needs a look", "device_class": "problem", "entity_category": "diagnostic",
            "value_template": f"{{{{ value_json.lamps.get('{safe(name)}') }}}}"}
    topics = {key: config | {"state_topic": state, "device": device} for key, config in found.items()}
    for unit in snapshot.units:
        topics |= _unit(settings, site, unit, node)
    available = f"{base(settings, site)}/availability"
    return {f"{settings.discovery}/{key}/config": json.dumps(
        {**config, "unique_id": key.split("/", 1)[1].replace("/", "_"), "availability_topic": available,
         "expire_after": EXPIRE_S, "origin": {"name": "suntap", "sw_version": __version__}})
        for key, config in topics.items()}


def _unit(settings: Mqtt, site: Site, unit: Unit, site_node: str) -> dict[str, dict[str, Any]]:
    node = f"suntap_inverter_{safe(unit.serial)}"
    given = next((panel.name for panel in site.panel if panel.serial == unit.serial), "")
    device = {"identifiers": [node], "name": given or f"Inverter {unit.serial[-6:]}", "manufacturer": "SunPower",
              "model": unit.model or "microinverter", "via_device": site_node}
    common = {"state_topic": unit_topic(settings, site, unit), "device": device}
    return {f"sensor/{node}/energy": _energy("Energy", "energy_kwh") | common,
            f"sensor/{node}/power": _power("Power", "power_w") | common}


def _energy(title: str, field: str) -> dict[str, Any]:
    return {"name": title, "value_template": f"{{{{ value_json.{field} }}}}", "device_class": "energy",
            "state_class": "total_increasing", "unit_of_measurement": "kWh"}


def _power(title: str, field: str) -> dict[str, Any]:
    return {"name": title, "value_template": f"{{{{ value_json.{field} }}}}", "device_class": "power",
            "state_class": "measurement", "unit_of_measurement": "W"}
