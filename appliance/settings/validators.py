"""Checks of single settings: each converts an outside value to the inside type, or raises ValueError."""
import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from appliance.settings.serials import spelled

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def one_of(*choices: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in choices or not isinstance(value, str):
            raise ValueError
        return value
    return check


def integer_between(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return int(value)
    return check


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def matches(pattern: str) -> Callable[[Any], str]:
    compiled = re.compile(pattern)

    def check(value: Any) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ValueError
        return str(value)
    return check


def zone(value: Any) -> str:
    from zoneinfo import ZoneInfo
    if not isinstance(value, str) or not value or len(value) > 64:
        raise ValueError
    try:
        ZoneInfo(value)
    except Exception as error:  # KeyError, ValueError, OSError: depends on the error in the name
        raise ValueError from error
    return str(value)


def port_list(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= 8:
        raise ValueError
    check = integer_between(1, 65535)
    return tuple(dict.fromkeys(check(port) for port in value))


def service_url(value: Any) -> str:
    if not isinstance(value, str) or any(letter <= " " or letter > "~" for letter in value):
        raise ValueError
    parts = urlsplit(value)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not secure or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError
    parts.port  # noqa: B018  raises ValueError for a port that is no number
    return value if value.endswith("/") else value + "/"


def absolute_path(value: Any) -> Path:
    path = Path(value) if isinstance(value, str | Path) else None
    if path is None or not path.is_absolute() or not str(path).isprintable():
        raise ValueError
    return path


def printable(length: int) -> Callable[[Any], str]:
    """Return a check for a text of at most `length` characters on one line."""
    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > length or not value.isprintable():
            raise ValueError
        return str(value)
    return check


def _address(value: Any, schemes: tuple[str, ...], credentials: bool = False) -> SplitResult:
    """Parse an address with a host, without spaces and without a fragment."""
    if not isinstance(value, str) or len(value) > 512 or any(letter <= " " or letter > "~" for letter in value):
        raise ValueError
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.hostname or parts.fragment or parts.password is not None:
        raise ValueError
    if parts.username is not None and not credentials:
        raise ValueError
    parts.port  # noqa: B018  raises ValueError for a port that is no number
    return parts


def broker_url(value: Any) -> str:
    """mqtt://host[:port] or mqtts://host[:port]; "" for none."""
    if value == "":
        return ""
    parts = _address(value, ("mqtt", "mqtts"))
    if parts.path not in ("", "/") or parts.query:
        raise ValueError
    return str(value)


def write_url(value: Any) -> str:
    """The http:// or https:// address that receives line protocol, without a password in it; "" for none."""
    if value != "":
        _address(value, ("http", "https"))
    return str(value)


def folder_url(value: Any) -> str:
    """The http:// or https:// address of a folder, with "/" at its end; "" for none."""
    if value == "":
        return ""
    if _address(value, ("http", "https")).query:
        raise ValueError
    return value if value.endswith("/") else f"{value}/"


def message_url(value: Any) -> str:
    """A webhook, or mailto:ADDRESS?smtp=smtp[s]://[USER@]HOST[:PORT]; "" for none."""
    if value == "":
        return ""
    if isinstance(value, str) and value.startswith("mailto:") and value.isprintable() and len(value) <= 512:
        parts = urlsplit(value)
        server = parse_qs(parts.query, strict_parsing=True, max_num_fields=4).get("smtp", [""])[0]
        if not re.fullmatch(r"[^@\s,<>]{1,64}@[^@\s,<>]{1,255}", unquote(parts.path)):
            raise ValueError
        _address(server, ("smtp", "smtps"), credentials=True)
        return value
    _address(value, ("http", "https"))
    return str(value)


def _list(value: Any, most: int, check: Callable[[Any], str]) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > most:
        raise ValueError
    return tuple(dict.fromkeys(check(item) for item in value))


def host_list(value: Any) -> tuple[str, ...]:
    """A list of host names without ports."""
    name = matches(r"(?!-)[0-9a-z_\-]{1,63}(?:\.[0-9a-z_\-]{1,63}){0,7}")
    return _list(value, 16, lambda item: name(item.lower() if isinstance(item, str) else item))


def token_list(value: Any) -> tuple[str, ...]:
    """A list of NAME:SHA-256, the hash of a token in hex."""
    return _list(value, 32, matches(r"[\w.\- ]{1,40}:[0-9a-f]{64}"))


def proxy_list(value: Any) -> tuple[str, ...]:
    """A list of IP addresses and networks."""
    def network(item: Any) -> str:
        if not isinstance(item, str):
            raise ValueError
        return str(ipaddress.ip_network(item, strict=False))
    return _list(value, 16, network)


OWN_QUANTITIES = ("energy", "power", "voltage", "current", "dc_power", "dc_voltage", "dc_current", "temperature",
                  "frequency", "reactive_power", "apparent_power", "power_factor")
MAX_SYSTEMS = 16
MAX_DEVICES = 200       # of one further system
SERIAL = r"[\x21-\x7e]{1,64}"


class PvSystem(NamedTuple):
    """A further system at PVOutput: its id, and the serial numbers of the devices that count for it."""

    id: str
    devices: tuple[str, ...]


def own_value(value: Any) -> str:
    """"" or "SERIAL QUANTITY"."""
    if value == "":
        return ""
    serial, quantity = matches(rf"{SERIAL} ({'|'.join(OWN_QUANTITIES)})")(value).split(" ")
    return f"{spelled(serial)} {quantity}"


def system_list(value: Any) -> tuple[PvSystem, ...]:
    """The tables [[pvoutput.system]]."""
    if not isinstance(value, list | tuple) or len(value) > MAX_SYSTEMS:
        raise ValueError
    found = tuple(_system(item) for item in value)
    if len({system.id for system in found}) < len(found):
        raise ValueError
    return found


def _system(value: Any) -> PvSystem:
    if isinstance(value, PvSystem):
        value = value._asdict()
    if not isinstance(value, Mapping) or not {"id", "devices"} <= set(value):
        raise ValueError
    number = str(value["id"]) if isinstance(value["id"], int) else value["id"]
    devices = _list(value["devices"], MAX_DEVICES, matches(SERIAL))
    if not devices:
        raise ValueError
    return PvSystem(matches(r"[0-9]{1,12}")(number), tuple(map(spelled, devices)))


MAX_PANELS = 400
GRID = 40               # rows and columns of a roof


class Panel(NamedTuple):
    """What the owner says of an inverter: its name, and its place on the roof, from 1 on; 0 and "": not said."""

    serial: str
    name: str = ""
    row: int = 0
    column: int = 0


def panel_list(value: Any) -> tuple[Panel, ...]:
    """The tables [[site.panel]]."""
    if not isinstance(value, list | tuple) or len(value) > MAX_PANELS:
        raise ValueError
    found = tuple(_panel(item) for item in value)
    places = [(panel.row, panel.column) for panel in found if panel.row]
    if len({panel.serial for panel in found}) < len(found) or len(set(places)) < len(places):
        raise ValueError
    by_serial = dict[str, Panel]()
    for panel in found:
        by_serial.setdefault(serial := spelled(panel.serial), panel._replace(serial=serial))
    return tuple(by_serial.values())


def _panel(value: Any) -> Panel:
    if isinstance(value, Panel):
        value = value._asdict()
    if not isinstance(value, Mapping) or "serial" not in value:
        raise ValueError
    place = integer_between(0, GRID)
    row, column = place(value.get("row", 0)), place(value.get("column", 0))
    if bool(row) != bool(column):
        raise ValueError
    return Panel(matches(SERIAL)(value["serial"]), printable(40)(value.get("name", "")), row, column)
