"""The three lamps of the first visit: is it wired, does the PVS talk, do we understand it?

They follow the way of a record, so the first one that is not green is the one to look at.
"""
from dataclasses import dataclass
from pathlib import Path

from appliance.history import views
from webui.data import Box

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
        return Lamp("Cables", "bad", f"This machine has no network interface “{interface}”.",
                    "Choose another one under Settings › Capture.")
    ports = sorted(port.name for port in (device / "brif").iterdir()) if (device / "brif").is_dir() else [interface]
    up = [port for port in ports if _carrier(root / port)]
    down = [port for port in ports if port not in up]
    if not ports:
        return Lamp("Cables", "bad", f"The bridge “{interface}” has no ports.",
                    "Plug in the USB network adapter and wait a moment.")
    if down:
        return Lamp("Cables", "unknown", (f"{_join(up)} up, " if up else "") + f"{_join(down)} without a link.",
                    "One cable goes to the router, one to the supervisor: push both in until they click.")
    return Lamp("Cables", "ok", f"{_join(ports)} {'are' if len(ports) > 1 else 'is'} up.")


def _carrier(device: Path) -> bool:
    try:
        return (device / "carrier").read_text().strip() == "1"
    except OSError:  # an interface that is switched off cannot be asked
        return False


def _join(names: list[str]) -> str:
    return " and ".join(names)


def supervisor(box: Box) -> Lamp:
    """Was a PVS heard, and which one?"""
    heard = views.latest(box.store())
    if heard.pvs_serial is None:
        return Lamp("Supervisor", "unknown", "Nothing heard from a SunPower supervisor yet.",
                    "It speaks every two to five minutes. Is its cable in the second port, and does it have power?")
    firmware = f"firmware {heard.pvs_firmware}" if heard.pvs_firmware else ""
    words = ", ".join(word for word in (heard.pvs_model, firmware) if word)
    return Lamp("Supervisor", "ok", f"Serial {heard.pvs_serial}" + (f" ({words})." if words else "."))


def inverters(box: Box) -> Lamp:
    """Was an inverter's reading understood?"""
    count = sum(device.kind == "inverter" for device in views.devices(box.store()))
    if not count:
        return Lamp("First reading", "unknown", "No inverter reading yet.",
                    "They come every five minutes in daylight. After dark you can go on: they appear in the morning.")
    return Lamp("First reading", "ok", f"{count} inverter{'s' * (count != 1)} understood.")
