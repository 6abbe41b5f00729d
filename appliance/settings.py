"""The settings file: one TOML file, the only place where the owner's choices are kept.

Theory: each key is declared once below, with its default, its check and the words that say what is allowed; loading, saving,
the page and the error texts all follow from that declaration. Invariants: a Settings object is always valid; the file is
replaced in one step (old or new, never half, also across a power cut), has mode 0600, and keeps the owner's comments. The
PVOutput key is a Secret: it shows itself to nobody but the caller of reveal().
"""
import fcntl
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ENVIRONMENT = "SUNTAP_CONFIG"
DEFAULT_PATH = Path("/etc/suntap/suntap.toml")
FILE_MODE = 0o600
MAX_FILE_BYTES = 65536  # a settings file is one page of text; anything larger is not one
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SettingsError(Exception):
    """The owner must change the settings. One line: which file, which key, what is allowed."""


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
    """Declare one key. `check` returns the value as kept inside, or raises ValueError; `allowed` completes "must be ..."."""
    return field(default=default, metadata={"allowed": allowed, "check": check})


def one_of(*choices: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in choices or not isinstance(value, str):
            raise ValueError
        return value
    return check


def whole(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return int(value)
    return check


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def matching(pattern: str) -> Callable[[Any], str]:
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
    except Exception as error:  # ZoneInfo raises KeyError, ValueError, OSError, by the way in which a name is wrong
        raise ValueError from error
    return str(value)


def port_list(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= 8:
        raise ValueError
    check = whole(1, 65535)
    return tuple(dict.fromkeys(check(port) for port in value))


def secret(value: Any) -> Secret:
    text = value.reveal() if isinstance(value, Secret) else value
    return Secret(matching(r"[\x21-\x7e]{0,128}")(text))


def service_url(value: Any) -> str:
    if not isinstance(value, str) or any(letter <= " " or letter > "~" for letter in value):
        raise ValueError
    parts = urlsplit(value)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not secure or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError
    parts.port  # noqa: B018  raises ValueError for a port that is no number
    return value if value.endswith("/") else value + "/"


def absolute(value: Any) -> Path:
    path = Path(value) if isinstance(value, str | Path) else None
    if path is None or not path.is_absolute() or "\0" in str(path):
        raise ValueError
    return path


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
class Store:
    """Where the history is kept."""

    data_dir: Path = key(Path("/var/lib/suntap"), "the absolute path of a folder", absolute)
    keep_inbox_days: int = key(400, "the days that captured uploads are kept, 1 to 36500", whole(1, 36500))


@dataclass(frozen=True)
class PVOutput:
    """The account at PVOutput.org."""

    enabled: bool = key(False, "true or false", flag)
    url: str = key("https://pvoutput.org/service/r2/", "an https:// address (http:// only on this machine)", service_url)
    api_key: Secret = key(Secret(), "the API key of the PVOutput account (up to 128 letters and digits)", secret)
    system_id: str = key("", 'empty or the number of the PVOutput system, in quotes: "12345"', matching(r"[0-9]{0,12}"))
    energy: str = key("daily", '"daily" (running totals) or "lifetime" (counters, c1)', one_of("daily", "lifetime"))
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
    store: Store = Store()
    pvoutput: PVOutput = PVOutput()
    web: Web = Web()

    def with_data_dir(self, data_dir: str | Path | None) -> "Settings":
        """These settings with another data directory (`--data-dir`), or unchanged for None."""
        if data_dir is None:
            return self
        return replace(self, store=replace(self.store, data_dir=Path(data_dir).absolute()))


def find(path: str | Path | None = None) -> Path:
    """The settings file that holds: `path`, else $SUNTAP_CONFIG, else /etc/suntap/suntap.toml (whether it exists or not)."""
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
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}): check the path and its permissions") from error
    return parse(data, path)


def parse(data: bytes, path: str | Path) -> Settings:
    """The settings in `data`, the bytes of a settings file; `path` is for the messages. Raises SettingsError."""
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
            raise SettingsError(f"{path}: unknown key {_show(name)} in [{section}]: allowed are {', '.join(keys)}")
        try:
            values[name] = keys[name].metadata["check"](value)
        except ValueError as error:
            shown = "" if isinstance(keys[name].default, Secret) else f", not {_show(value)}"
            raise SettingsError(f"{path}: {section}.{name} must be {keys[name].metadata['allowed']}{shown}") from error
    return kind(**values)


def _show(value: Any) -> str:
    """A value from the file in an error line: on one line, printable, short."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def keys() -> dict[str, tuple[Any, str]]:
    """Every key as "section.key" → (default, what is allowed): for forms and documentation."""
    return {
        f"{section.name}.{item.name}": (item.default, item.metadata["allowed"])
        for section in fields(Settings) for item in fields(type(section.default))
    }


def update(path: str | Path, changes: Mapping[str, Any]) -> Settings:
    """Change keys ("section.key" → value) in the file at `path`, atomically; comments and other keys stay.

    Returns the new settings. Raises SettingsError when a change is not allowed or the file cannot be written: then
    nothing was changed.
    """
    import tomlkit
    target = Path(path).resolve()  # a link to the data partition stays a link
    try:
        with _locked(target.parent):
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
        raise SettingsError(f"{path}: cannot be written ({error.strerror}): check the folder's permissions and space") from error


def _plain(value: Any) -> Any:
    """A value as TOML knows it."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One writer at a time: a lock on the folder, which the kernel drops when its holder dies."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_atomic(target: Path, data: bytes, mode: int = FILE_MODE) -> None:
    """Replace `target` by a file with `data`: after a crash or power cut it is the old one or the new one.

    Root keeps the owner of the file that it replaces. Raises OSError; then the old file is untouched.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            if os.geteuid() == 0:
                known = target.stat() if target.exists() else target.parent.stat()
                os.fchown(file.fileno(), known.st_uid, known.st_gid)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
