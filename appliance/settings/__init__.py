"""The settings file: one TOML file, the only place where the owner's choices are kept.

Theory: each key is declared once below, with its default, its check and the words that say what is allowed;
loading, saving, the page and the error texts all follow from that declaration. Invariants: a Settings object
is always valid; the file is replaced in one step (old or new, never half, also across a power cut), has mode
0600, and keeps the owner's comments. The PVOutput key is a Secret: only reveal() shows it.
"""
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from appliance.errors import USAGE, SuntapError
from appliance.settings.validators import absolute, flag, matching, one_of, port_list, service_url, whole, zone
from appliance.system.files import locked, write_atomic

ENVIRONMENT = "SUNTAP_CONFIG"
DEFAULT_PATH = Path("/etc/suntap/suntap.toml")
DATA_DIR = Path("/var/lib/suntap")
EVERYWHERE = ("0.0.0.0", "::")    # values of web.host that mean every address of the machine
MAX_FILE_BYTES = 65536  # a settings file is one page of text; anything larger is not one


class SettingsError(SuntapError):
    """The owner must change the settings. One line: which file, which key, what is allowed."""

    exit_code = USAGE
    http_status = 400


class Secret:
    """A text that never shows itself: str(), repr() and formatting give a mask, only reveal() the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: for the one HTTP header that needs it, and for the settings file."""
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
    """Declare one key; `check` is one of appliance.checks, `allowed` completes "must be ..."."""
    return field(default=default, metadata={"allowed": allowed, "check": check})


def secret(value: Any) -> Secret:
    text = value.reveal() if isinstance(value, Secret) else value
    return Secret(matching(r"[\x21-\x7e]{0,128}")(text))


NO_SECRET = Secret()


@dataclass(frozen=True)
class Site:
    """The roof and its meter."""

    timezone: str = key("America/Los_Angeles", 'an IANA time zone such as "Europe/Berlin"', zone)
    net_sign: str = key("auto", '"auto", "+" (the net meter counts import up) or "-" (it counts export up)',
                        one_of("auto", "+", "-"))
    production: str = key("auto", '"auto", "inverters" (their sum) or "meter" (the production meter)',
                          one_of("auto", "inverters", "meter"))
    size_w: int = key(0, "the size of the system in W, 0 (not known) to 1000000", whole(0, 1_000_000))


@dataclass(frozen=True)
class Capture:
    """What the capture process listens to."""

    interface: str = key("br0", 'the name of a network interface such as "br0"', matching(r"[^\s/]{1,15}"))
    ports: tuple[int, ...] = key((80,), "a list of one to eight TCP ports, such as [80]", port_list)
    buffer_mib: int = key(64, "the size of the capture ring in MiB, 1 to 1024", whole(1, 1024))
    pvs_mac: str = key("", 'empty or a hardware address such as "02:00:5e:00:53:01"',
                       matching(r"(?:[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5})?"))


@dataclass(frozen=True)
class Collector:
    """Who answers the PVS when the maker's server does not (appliance/collector)."""

    stand_in: str = key("off", '"off", "auto" (this box answers the PVS once the maker\'s server is gone) or "on"',
                        one_of("off", "auto", "on"))


@dataclass(frozen=True)
class Store:
    """Where the history is kept."""

    data_dir: Path = key(DATA_DIR, "the absolute path of a folder", absolute)  # noqa: RUF009
    keep_inbox_days: int = key(400, "the days that captured uploads are kept, 1 to 36500", whole(1, 36500))


@dataclass(frozen=True)
class PVOutput:
    """The account at PVOutput.org."""

    enabled: bool = key(False, "true or false", flag)
    url: str = key("https://pvoutput.org/service/r2/", "an https:// address (http:// only on this machine)",
                   service_url)
    api_key: Secret = key(NO_SECRET, "the API key of the PVOutput account, in quotes", secret)  # noqa: RUF009
    system_id: str = key("", 'empty or the number of the PVOutput system, in quotes: "12345"',
                         matching(r"[0-9]{0,12}"))
    energy: str = key("daily", '"daily" (running totals) or "lifetime" (counters, c1)',
                      one_of("daily", "lifetime"))
    consumption: bool = key(True, "true or false", flag)
    reserve: int = key(5, "the requests an hour left to other programs, 0 to 250", whole(0, 250))


@dataclass(frozen=True)
class Web:
    """The page."""

    host: str = key("0.0.0.0", 'the address to listen on, such as "0.0.0.0" or "127.0.0.1"',
                    matching(r"[0-9A-Za-z.:_%\-]{1,255}"))
    port: int = key(80, "a TCP port, 1 to 65535", whole(1, 65535))
    public_dashboard: bool = key(True, "true or false", flag)


@dataclass(frozen=True)
class Settings:
    """All sections; each attribute is named like its [section]."""

    site: Site = Site()
    capture: Capture = Capture()
    collector: Collector = Collector()
    store: Store = Store()
    pvoutput: PVOutput = PVOutput()
    web: Web = Web()

    def with_data_dir(self, data_dir: str | Path | None) -> "Settings":
        """These settings with another data directory (`--data-dir`), or unchanged for None."""
        if data_dir is None:
            return self
        return replace(self, store=replace(self.store, data_dir=Path(data_dir).absolute()))


def find(path: str | Path | None = None) -> Path:
    """The settings file that holds (it need not exist): `path`, else $SUNTAP_CONFIG, else DEFAULT_PATH."""
    return Path(path or os.environ.get(ENVIRONMENT) or DEFAULT_PATH)


def load(path: str | Path) -> Settings:
    """The settings in the file at `path`; built-in defaults where there is no such file.

    Raises SettingsError: unreadable file, no TOML, unknown section or key, value not allowed.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return Settings()
    except IsADirectoryError as error:
        raise SettingsError(f"{path}: a folder, not a settings file: name the file in it") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}): use sudo, or check its permissions") from error
    return parse(data, path)


def parse(data: bytes, path: str | Path) -> Settings:
    """The settings in `data`, the bytes of a settings file; `path` is for messages. Raises SettingsError."""
    import tomllib
    if len(data) > MAX_FILE_BYTES:
        raise SettingsError(f"{path}: larger than {MAX_FILE_BYTES} bytes: not a settings file")
    try:
        document = tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text (byte {error.start}): save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error or 'nested too deeply'}") from error
    return _build(document, path)


def _build(document: Mapping[str, Any], path: str | Path) -> Settings:
    """Check a parsed document section by section."""
    sections = {item.name: item for item in fields(Settings)}
    built = {}
    for name, content in document.items():
        if name not in sections:
            raise SettingsError(f"{path}: unknown section {_show(name)}: allowed are {', '.join(sections)}")
        if not isinstance(content, Mapping):
            raise SettingsError(f"{path}: {name} must be a section: write [{name}] on a line of its own")
        built[name] = _build_section(name, type(sections[name].default), content, path)
    return Settings(**built)


def _build_section(section: str, kind: Any, content: Mapping[str, Any], path: str | Path) -> Any:
    keys = {item.name: item for item in fields(kind)}
    values = {}
    for name, value in content.items():
        if name not in keys:
            known = ", ".join(keys)
            raise SettingsError(f"{path}: unknown key {_show(name)} in [{section}]: allowed are {known}")
        try:
            values[name] = keys[name].metadata["check"](value)
        except ValueError as error:
            allowed = keys[name].metadata["allowed"]
            shown = "" if isinstance(keys[name].default, Secret) else f", not {_show(value)}"
            raise SettingsError(f"{path}: {section}.{name} must be {allowed}{shown}") from error
    return kind(**values)


def _show(value: Any) -> str:
    """A value from the file in an error line: on one line, printable, short."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def keys() -> dict[str, tuple[Any, str]]:
    """Every key as "section.key" → (default, what is allowed): for forms and documentation."""
    return {
        f"{section.name}.{item.name}": (item.default, item.metadata["allowed"])
        for section in fields(Settings) for item in fields(section.default)  # type: ignore[arg-type]
    }


def update(path: str | Path, changes: Mapping[str, Any]) -> Settings:
    """Change keys ("section.key" → value) in the file at `path`, atomically; comments and other keys stay.

    Returns the new settings. Raises SettingsError when a change is not allowed or the file cannot be written:
    then nothing was changed.
    """
    import tomlkit
    for name, value in changes.items():
        section, _, item = name.partition(".")
        _build({section: {item: value}}, path)
    target = Path(path).resolve()  # a link to the data partition stays a link
    try:
        with locked(target.parent):
            old = target.read_bytes() if target.exists() else b""
            if old:
                parse(old, path)
            document = tomlkit.parse(old.decode())
            for name, value in changes.items():
                section, _, item = name.partition(".")
                if section not in document:
                    document[section] = tomlkit.table()
                elif not isinstance(document[section], Mapping):
                    raise SettingsError(f"{path}: {section} must be a section")
                document[section][item] = _plain(value)  # type: ignore[index]
            new = tomlkit.dumps(document).encode()
            settings = parse(new, path)
            if new != old:
                write_atomic(target, new)
            return settings
    except OSError as error:
        what = f"{path}: cannot be written ({error.strerror})"
        raise SettingsError(f"{what}: check the folder's permissions and free space") from error


def _plain(value: Any) -> Any:
    """A value as TOML knows it."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
