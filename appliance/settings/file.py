"""The settings file: one TOML file, the only place of the owner's settings.

Invariants: the file is replaced atomically (old or new, also across a power cut), has mode 0600, and keeps the owner's
comments and keys that this version does not know. Module declaration lists the keys.
"""
import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.errors import USAGE, SuntapError
from appliance.settings.declaration import Secret, Settings, declarations, sections
from appliance.settings.validators import Panel, PvSystem
from appliance.system.files import locked, write_atomic

ENVIRONMENT = "SUNTAP_CONFIG"
DEFAULT_PATH = Path("/etc/suntap/suntap.toml")
MAX_FILE_BYTES = 65536  # a settings file is one page of text; a larger file is something else
MAX_UNKNOWN = 20        # unknown keys that are named; the others are kept as well
MAX_NAME = 40           # characters of an unknown key's name


class SettingsError(SuntapError):
    """The owner must change the settings. The text is one line: which file, which key, what is allowed."""

    exit_code = USAGE
    http_status = 400


class SettingsNotWritten(SettingsError):
    """The file could not be written; `full`: the disk has no room."""

    def __init__(self, path: str | Path, error: OSError) -> None:
        super().__init__(f"{path}: cannot be written ({error.strerror}): check the folder's permissions and free space")
        self.full = error.errno in (errno.ENOSPC, errno.EDQUOT)


def find(path: str | Path | None = None) -> Path:
    """Return the path of the settings file: `path`, else $SUNTAP_CONFIG, else DEFAULT_PATH. The file may be missing."""
    return Path(path or os.environ.get(ENVIRONMENT) or DEFAULT_PATH)


def load(path: str | Path) -> Settings:
    """Return the settings in the file at `path`; the built-in defaults if there is no such file.

    Raises SettingsError if the file is unreadable or no TOML, or a value is not allowed.
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
    """Return the settings in `data`, the bytes of a settings file; `path` is for messages. Raises SettingsError."""
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
    """Check a parsed document section by section. Unknown sections and keys are only reported: a newer version wrote
    them, or they are typing errors, and neither may keep the box from working."""
    known = sections()
    built: dict[str, Any] = {}
    unknown: list[str] = []
    for name, content in document.items():
        if name not in known:
            unknown.append(_show_key(name))
            continue
        if not isinstance(content, Mapping):
            raise SettingsError(f"{path}: {name} must be a section: write [{name}] on a line of its own")
        built[name], more = _build_section(name, type(known[name]), content, path)
        unknown += [f"{name}.{key}" for key in more]
    return Settings(**built, unknown=tuple(unknown[:MAX_UNKNOWN]))


def _build_section(section: str, kind: Any, content: Mapping[str, Any], path: str | Path) -> tuple[Any, list[str]]:
    """Return (the section, the names of the unknown keys in it)."""
    declared = declarations(section)
    values = {}
    for name, value in content.items():
        if name not in declared:
            continue
        try:
            values[name] = declared[name].metadata["check"](value)
        except ValueError as error:
            allowed = declared[name].metadata["allowed"]
            shown = "" if isinstance(declared[name].default, Secret) else f", not {_show(value)}"
            raise SettingsError(f"{path}: {section}.{name} must be {allowed}{shown}") from error
    return kind(**values), [_show_key(name) for name in content if name not in declared]


def unknown_keys(settings: Settings) -> list[str]:
    """Return one line for each unknown section or key of the file, with the names that this version knows."""
    lines = []
    for name in settings.unknown:
        section, _, item = name.partition(".")
        allowed = declarations(section) if item and section in sections() else sections()
        what = f"key {item} in [{section}]" if item else f"section {section}"
        lines.append(f"unknown {what}: kept, but it does nothing here; known are {', '.join(allowed)}")
    return lines


def _show_key(name: str) -> str:
    """Return the name of an unknown key on one line, printable and short."""
    return name if name.isascii() and name.isprintable() and len(name) <= MAX_NAME else _show(name)


def _show(value: Any) -> str:
    """Return a value from the file for an error line: on one line, printable and short."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def update(path: str | Path, changes: Mapping[str, Any]) -> Settings:
    """Change keys ("section.key" → value) in the file at `path` atomically. Comments and other keys stay.

    Returns the new settings. Raises SettingsError if a change is not allowed or the file cannot be written; then
    nothing was changed.
    """
    import tomlkit
    for name, value in changes.items():
        section, _, item = name.partition(".")
        if unknown := unknown_keys(_build({section: {item: value}}, path)):
            raise SettingsError(f"{path}: {unknown[0]}")
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
                document[section][item] = _plain(value)
            new = tomlkit.dumps(document).encode()
            settings = parse(new, path)
            if new != old:
                write_atomic(target, new)
            return settings
    except OSError as error:
        raise SettingsNotWritten(path, error) from error


def _plain(value: Any) -> Any:
    """Convert a value to a type of TOML."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, PvSystem):
        return {"id": value.id, "devices": list(value.devices)}
    if isinstance(value, Panel):
        return {name: item for name, item in value._asdict().items() if item}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
