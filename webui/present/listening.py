"""The three lamps of the first visit: is it wired, does the PVS talk, do we understand it?

They follow the way of a record, so the first one that is not green is the one to look at.
"""
from dataclasses import dataclass
from pathlib import Path

from appliance.history import views
from webui.data import Box
from webui.language import _, ngettext
from webui.words import welcome as words

NETWORK = Path("/sys/class/net")


@dataclass(frozen=True)
class Lamp:
    """`state` is ok, warn, bad or unknown; `text` says what is, `check` what to do about it."""

    name: str
    state: str
    text: str
    check: str = ""


def lamps(box: Box) -> list[Lamp]:
    """Cable, supervisor, inverters."""
    return [cable(box.settings().capture.interface), supervisor(box), inverters(box)]


def cable(interface: str, root: Path = NETWORK) -> Lamp:
    """Are both ports of the bridge up? An interface that is no bridge counts as its own only port."""
    device = root / interface
    if not device.exists():
        text, check = words.NO_INTERFACE
        return Lamp(words.CABLES, "bad", text.format(name=interface), check)
    ports = sorted(port.name for port in (device / "brif").iterdir()) if (device / "brif").is_dir() else [interface]
    up = [port for port in ports if _carrier(root / port)]
    down = [port for port in ports if port not in up]
    if not ports:
        text, check = words.NO_PORTS
        return Lamp(words.CABLES, "bad", text.format(name=interface), check)
    if down:
        said = _("{up} up, {down} without a link.") if up else _("{down} without a link.")
        return Lamp(words.CABLES, "unknown", said.format(up=_join(up), down=_join(down)), words.NO_LINK)
    said = ngettext("{ports} is up.", "{ports} are up.", len(ports))
    return Lamp(words.CABLES, "ok", said.format(ports=_join(ports)))


def _carrier(device: Path) -> bool:
    try:
        return (device / "carrier").read_text().strip() == "1"
    except OSError:  # an interface that is switched off cannot be asked
        return False


def _join(names: list[str]) -> str:
    return str(words.AND).join(names)


def supervisor(box: Box) -> Lamp:
    """Was a PVS heard, and which one?"""
    heard = views.latest(box.store())
    if heard.pvs_serial is None:
        return Lamp(words.BOX, "unknown", *words.NOT_HEARD)
    firmware = _("firmware {version}").format(version=heard.pvs_firmware) if heard.pvs_firmware else ""
    kind = ", ".join(word for word in (heard.pvs_model, firmware) if word)
    mac = box.pvs_address(heard.pvs_serial)
    name = heard.pvs_serial + (f" ({kind})" if kind else "")
    return Lamp(words.BOX, "ok", words.HEARD_AT.format(name=name, mac=mac) if mac else words.HEARD.format(name=name))


def inverters(box: Box) -> Lamp:
    """Was an inverter's reading understood?"""
    count = sum(device.kind == "inverter" for device in views.devices(box.store()))
    if not count:
        return Lamp(words.READING, "unknown", *words.NO_READING)
    return Lamp(words.READING, "ok", ngettext(
        "{count} inverter understood.", "{count} inverters understood.", count).format(count=count))
