"""The owner's settings, each declared once: its default, its check and the text that says what is allowed.

Theory: loading, saving, the page and the error texts all follow from this table (module file reads and writes it).
Invariants: a Settings object is always valid; only reveal() returns the text of a Secret.
"""
from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from appliance.settings.prices import price_text
from appliance.settings.validators import (
    GRID,
    MAX_PANELS,
    OWN_QUANTITIES,
    Panel,
    PvSystem,
    absolute_path,
    broker_url,
    flag,
    folder_url,
    host_list,
    integer_between,
    matches,
    message_url,
    one_of,
    own_value,
    panel_list,
    port_list,
    printable,
    proxy_list,
    service_url,
    system_list,
    token_list,
    write_url,
    zone,
)

DATA_DIR = Path("/var/lib/suntap")
EVERYWHERE = ("0.0.0.0", "::")    # values of web.host that mean every address of the machine


class Secret:
    """A masked text: str(), repr() and formatting return a mask; only reveal() returns the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text: for the request that needs it, and for the settings file."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __repr__(self) -> str:
        return "Secret(****)" if self._text else "Secret()"

    def __str__(self) -> str:
        return "****" if self._text else ""


def key(default: Any, allowed: str, check: Callable[[Any], Any]) -> Any:
    """Declare one key. `check` is one of the validators; `allowed` completes "must be ..."."""
    return field(default=default, metadata={"allowed": allowed, "check": check})


def secret(value: Any) -> Secret:
    text = value.reveal() if isinstance(value, Secret) else value
    return Secret(matches(r"[\x21-\x7e]{0,128}")(text))


def password(value: Any) -> Secret:
    """A password or token of another program: any printable text."""
    return Secret(printable(1024)(value.reveal() if isinstance(value, Secret) else value))


NO_SECRET = Secret()


@dataclass(frozen=True)
class Site:
    """The roof and its meter."""

    timezone: str = key("America/Los_Angeles", 'an IANA time zone such as "Europe/Berlin"', zone)
    net_sign: str = key("auto", '"auto", "+" (the net meter counts import up) or "-" (it counts export up)',
                        one_of("auto", "+", "-"))
    production: str = key("auto", '"auto", "inverters" (their sum) or "meter" (the production meter)',
                          one_of("auto", "inverters", "meter"))
    meter: str = key("auto", '"auto", "net" (the meter at the main panel runs both ways) or "consumption" (it counts '
                     'what the house uses and never falls)', one_of("auto", "net", "consumption"))
    size_w: int = key(0, "the size of the system in W, 0 (not known) to 1000000", integer_between(0, 1_000_000))
    name: str = key("home", 'a short name of the site such as "home": letters, digits, ".", "_", "-"',
                    matches(r"[\w.\-]{1,40}"))
    buy: str = key("", 'empty, the price of a kWh bought such as "0.31", or several with the day from which each '
                   'holds: "0.28, 2026-01-01 0.31"; in brackets other prices by month, day and hour: '
                   '"0.30 (Jun-Sep Mon-Fri 16-21 0.58)"', price_text)
    sell: str = key("", "empty, or what a kWh sold earns, written as the price of a kWh bought", price_text)
    panel: tuple[Panel, ...] = key((), "tables [[site.panel]], each with an inverter's serial and a name, or a row and "
                                   f"a column on the roof (1 to {GRID}, no two alike); at most {MAX_PANELS}",
                                   panel_list)


@dataclass(frozen=True)
class Capture:
    """The interface, ports and hosts of the capture process."""

    interface: str = key("br0", 'the name of a network interface such as "br0"', matches(r"[^\s/]{1,15}"))
    ports: tuple[int, ...] = key((80,), "a list of one to eight TCP ports, such as [80]", port_list)
    buffer_mib: int = key(64, "the size of the capture ring in MiB, 1 to 1024", integer_between(1, 1024))
    pvs_mac: str = key("", 'empty or a hardware address such as "02:00:5e:00:53:01"',
                       matches(r"(?:[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5})?"))


@dataclass(frozen=True)
class Collector:
    """The stand-in that answers the PVS if the maker's server does not (appliance/collector)."""

    stand_in: str = key("off", '"off", "auto" (this box answers the PVS while the maker\'s server does not) or "on"',
                        one_of("off", "auto", "on"))


@dataclass(frozen=True)
class Store:
    """The place of the history."""

    data_dir: Path = key(DATA_DIR, "the absolute path of a folder", absolute_path)  # noqa: RUF009
    keep_inbox_days: int = key(400, "the days that captured uploads are kept, 1 to 36500", integer_between(1, 36500))


OWN_VALUE = ('empty or a serial number and what its device tells, such as "414050000000001 power"; '
             f"one of {', '.join(OWN_QUANTITIES)}")


@dataclass(frozen=True)
class PVOutput:
    """The account at PVOutput.org."""

    enabled: bool = key(False, "true or false", flag)
    url: str = key("https://pvoutput.org/service/r2/", "an https:// address (http:// only on this machine)",
                   service_url)
    api_key: Secret = key(NO_SECRET, "the API key of the PVOutput account, in quotes", secret)  # noqa: RUF009
    system_id: str = key("", 'empty or the number of the PVOutput system, in quotes: "12345"',
                         matches(r"[0-9]{0,12}"))
    energy: str = key("daily", '"daily" (running totals) or "lifetime" (counters, c1)',
                      one_of("daily", "lifetime"))
    consumption: bool = key(True, "true or false", flag)
    reserve: int = key(5, "the requests an hour left to other programs, 0 to 250", integer_between(0, 250))
    voltage: bool = key(False, "true or false", flag)
    temperature: bool = key(False, "true or false", flag)
    v7: str = key("", OWN_VALUE, own_value)
    v8: str = key("", OWN_VALUE, own_value)
    v9: str = key("", OWN_VALUE, own_value)
    v10: str = key("", OWN_VALUE, own_value)
    v11: str = key("", OWN_VALUE, own_value)
    v12: str = key("", OWN_VALUE, own_value)
    system: tuple[PvSystem, ...] = key((), "tables [[pvoutput.system]], each with an id and a list of devices "
                                       "(serial numbers), at most 16", system_list)


@dataclass(frozen=True)
class Mqtt:
    """The broker that Home Assistant and other programs subscribe to."""

    url: str = key("", 'empty, or the broker\'s address: "mqtt://host:1883" or "mqtts://host:8883"', broker_url)
    username: str = key("", "empty or the user's name at the broker", printable(128))
    password: Secret = key(NO_SECRET, "the password at the broker, in quotes", password)  # noqa: RUF009
    topic: str = key("suntap", 'the topic below which all is published, such as "suntap"',
                     matches(r"[\w.\-]+(?:/[\w.\-]+){0,7}"))
    discovery: str = key("homeassistant", 'empty (no discovery) or Home Assistant\'s prefix: "homeassistant"',
                         matches(r"(?:[\w.\-]+(?:/[\w.\-]+){0,7})?"))


@dataclass(frozen=True)
class Lines:
    """The time-series database that receives line protocol."""

    url: str = key("", 'empty, or where to write: "http://host:8428", "http://host:8086/write?db=suntap", '
                   '"https://host/api/v2/write?org=O&bucket=B"', write_url)
    token: Secret = key(NO_SECRET, 'the token, or "user:password", in quotes', password)  # noqa: RUF009


@dataclass(frozen=True)
class Notify:
    """The receiver of a message if something needs the owner."""

    url: str = key("", 'empty, a webhook such as "https://ntfy.sh/TOPIC", or '
                   '"mailto:you@example.org?smtp=smtp://user@mail.example.org:587"', message_url)
    token: Secret = key(NO_SECRET, "the webhook's token or the mail account's password, in quotes",  # noqa: RUF009
                        password)


@dataclass(frozen=True)
class Update:
    """Where the box asks once a day for newer versions and for Debian's security fixes."""

    url: str = key("", 'empty (nobody is asked), or the address of the folder with the update files: '
                   '"https://example.org/suntap/"', folder_url)


@dataclass(frozen=True)
class Web:
    """The page."""

    host: str = key("0.0.0.0", 'the address to listen on, such as "0.0.0.0" or "127.0.0.1"',
                    matches(r"[0-9A-Za-z.:_%\-]{1,255}"))
    port: int = key(80, "a TCP port, 1 to 65535", integer_between(1, 65535))
    public_dashboard: bool = key(True, "true or false", flag)
    names: tuple[str, ...] = key((), 'a list of further host names of the page, such as ["suntap.fritz.box"]',
                                 host_list)
    tokens: tuple[str, ...] = key((), "a list of tokens as the page writes them: make them there", token_list)
    proxies: tuple[str, ...] = key((), 'a list of IP addresses or networks of reverse proxies, such as ["127.0.0.1"]',
                                   proxy_list)


@dataclass(frozen=True)
class Settings:
    """All sections; each attribute is named like its [section].

    `unknown`: sections and keys of the file that this version does not know ("section" or "section.key"). They stay in
    the file and have no effect.
    """

    site: Site = Site()
    capture: Capture = Capture()
    collector: Collector = Collector()
    store: Store = Store()
    pvoutput: PVOutput = PVOutput()
    mqtt: Mqtt = Mqtt()
    lines: Lines = Lines()
    notify: Notify = Notify()
    update: Update = Update()
    web: Web = Web()
    unknown: tuple[str, ...] = ()

    def with_data_dir(self, data_dir: str | Path | None) -> "Settings":
        """Return these settings with another data directory (`--data-dir`); unchanged if None."""
        if data_dir is None:
            return self
        return replace(self, store=replace(self.store, data_dir=Path(data_dir).absolute()))


def sections() -> dict[str, Any]:
    """Return every section's name → its defaults, in the order of the file."""
    return {item.name: item.default for item in fields(Settings) if is_dataclass(item.default)}


def declarations(section: str) -> dict[str, Field[Any]]:
    """Return the keys of a section → their declarations. Raises KeyError if there is no such section."""
    return {item.name: item for item in fields(sections()[section])}


def secrets(settings: Settings) -> list[str]:
    """Return the texts of all secrets that are set: for code that redacts them."""
    found = (getattr(getattr(settings, section), name) for section in sections() for name in declarations(section))
    return [secret.reveal() for secret in found if isinstance(secret, Secret) and secret]


def keys() -> dict[str, tuple[Any, str]]:
    """Return every key as "section.key" → (default, text that says what is allowed): for forms and documentation."""
    return {f"{section}.{name}": (item.default, item.metadata["allowed"])
            for section in sections() for name, item in declarations(section).items()}


def value(settings: Settings, key: str) -> Any:
    """Return the value of "section.key"."""
    section, name = key.split(".")
    return getattr(getattr(settings, section), name)
