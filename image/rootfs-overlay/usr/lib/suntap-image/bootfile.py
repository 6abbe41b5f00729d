"""What the owner wrote on the boot partition: suntap.toml, and what Raspberry Pi Imager leaves there.

Theory: any file may be missing, empty, half edited, saved by a Windows editor (CRLF, byte order mark) or wrong.
read() never raises: each thing that cannot be used costs that thing and becomes one line in `problems`, which the page
shows. suntap.toml wins over Imager's files. [system] and [wifi] are this module's; every other section is suntap's
settings and is checked there.
"""
import ipaddress
import re
import shlex
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAX_BYTES = 65536  # a boot file is a page of text; a longer one is not read
HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
COUNTRY = re.compile(r"[A-Z]{2}")
KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com|"
                 r"sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]+=*( [^\r\n]*)?")


@dataclass
class BootFile:
    """The owner's wishes, checked. Empty means: not asked for."""

    hostname: str = ""
    address: str = ""                       # "192.168.1.9/24"; empty = DHCP
    gateway: str = ""
    dns: list[str] = field(default_factory=list)
    ssh_keys: list[str] = field(default_factory=list)
    wifi_ssid: str = ""
    wifi_password: str = ""
    wifi_country: str = ""
    settings: dict[str, Any] = field(default_factory=dict)   # "site.timezone": "Europe/Berlin"
    problems: list[str] = field(default_factory=list)


def read(folder: Path) -> BootFile:
    """Everything usable in the boot partition mounted at `folder`. Never raises."""
    wish = BootFile()
    _imager_toml(folder / "custom.toml", wish)
    _imager_script(folder / "firstrun.sh", wish)
    _imager_cloud(folder / "user-data", folder / "network-config", wish)
    _suntap_toml(folder / "suntap.toml", wish)
    if wish.gateway and not wish.address:
        wish.problems.append("suntap.toml: [system] gateway needs an address: the address is left to DHCP")
        wish.gateway = ""
    if bool(wish.wifi_password) and not wish.wifi_ssid:
        wish.problems.append("suntap.toml: [wifi] has a password and no ssid: Wi-Fi stays off")
    return wish


def text_of(path: Path, problems: list[str]) -> str | None:
    """The text of a file written on any PC, with LF line ends; None when there is none to use."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        problems.append(f"{path.name}: cannot be read ({error.strerror})")
        return None
    if len(data) > MAX_BYTES:
        problems.append(f"{path.name}: longer than {MAX_BYTES} bytes: not used")
        return None
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        problems.append(f"{path.name}: not UTF-8 text: save it as UTF-8")
        return None


def _toml(path: Path, wish: BootFile) -> dict[str, Any]:
    text = text_of(path, wish.problems)
    try:
        return tomllib.loads(text or "")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        wish.problems.append(f"{path.name}: not used, it is not valid TOML: {error or 'nested too deeply'}")
        return {}


def _suntap_toml(path: Path, wish: BootFile) -> None:
    """Our own file: sections [system] and [wifi], and suntap's settings."""
    for section, content in _toml(path, wish).items():
        if not isinstance(content, dict):
            wish.problems.append(f"{path.name}: {section} stands outside a section: write it below [system] or another")
            continue
        for key, value in content.items():
            if section == "system":
                _take(wish, path.name, {"hostname": "hostname", "address": "address", "gateway": "gateway",
                                        "dns": "dns", "ssh_key": "ssh_keys", "ssh_keys": "ssh_keys"}, key, value)
            elif section == "wifi":
                _take(wish, path.name, {"ssid": "wifi_ssid", "password": "wifi_password",
                                        "country": "wifi_country"}, key, value)
            else:
                wish.settings[f"{section}.{key}"] = value


def _take(wish: BootFile, file: str, names: dict[str, str], key: str, value: Any) -> None:
    """Check one key of ours and keep it, or say what is allowed."""
    if key not in names:
        wish.problems.append(f"{file}: unknown key {key!r}: allowed are {', '.join(names)}")
        return
    name = names[key]
    values = value if isinstance(value, list) else [value] if value != "" else []
    if not all(isinstance(item, str) for item in values):
        wish.problems.append(f"{file}: {key} must be text in quotes")
        return
    problem = next(filter(None, (_check(name, item) for item in values)), "")
    if problem:
        wish.problems.append(f"{file}: {key} {problem}")
    elif name in ("dns", "ssh_keys"):
        setattr(wish, name, [item.strip() for item in values])
    elif len(values) == 1:
        setattr(wish, name, values[0].strip() if name != "wifi_password" else values[0])
    elif values:
        wish.problems.append(f"{file}: {key} must be one text in quotes, not a list")


def _check(name: str, value: str) -> str:
    """What is wrong with `value` for the attribute `name`; empty when nothing is."""
    try:
        if name == "address":
            if "/" not in value:
                return 'must have its prefix length, such as "192.168.1.9/24"'
            ipaddress.ip_interface(value.strip())
        elif name in ("gateway", "dns"):
            ipaddress.ip_address(value.strip())
    except ValueError:
        return 'must be an IP address such as "192.168.1.1"'
    if name == "hostname" and not HOSTNAME.fullmatch(value.strip()):
        return 'must be small letters, digits and hyphens, such as "suntap"'
    if name == "ssh_keys" and not KEY.fullmatch(value.strip()):
        return 'must be a public key such as "ssh-ed25519 AAAA... name"'
    if name == "wifi_country" and not COUNTRY.fullmatch(value.strip()):
        return 'must be two capital letters, such as "US"'
    if name == "wifi_ssid" and not 1 <= len(value.encode()) <= 32:
        return "must be 1 to 32 bytes long"
    if name == "wifi_password" and not re.fullmatch(r"[\x20-\x7e]{8,63}|[0-9a-fA-F]{64}", value):
        return "must be 8 to 63 letters"
    return ""


def _imager(wish: BootFile, file: str, attribute: str, value: Any) -> None:
    """Keep a value that Imager wrote; what is not usable is reported like the owner's own."""
    if value not in (None, "", []):
        _take(wish, file, {attribute: attribute}, attribute, value)


def _imager_toml(path: Path, wish: BootFile) -> None:
    """custom.toml of Imager 1.8: host name, keys, Wi-Fi, time zone. Users and passwords do not exist here."""
    document = _toml(path, wish)

    def get(section: str, key: str) -> Any:
        content = document.get(section)
        return content.get(key) if isinstance(content, dict) else None

    _imager(wish, path.name, "hostname", get("system", "hostname"))
    if get("ssh", "enabled"):
        _imager(wish, path.name, "ssh_keys", get("ssh", "authorized_keys"))
    _imager(wish, path.name, "wifi_ssid", get("wlan", "ssid"))
    _imager(wish, path.name, "wifi_password", get("wlan", "password"))
    _imager(wish, path.name, "wifi_country", get("wlan", "country"))
    _timezone(wish, get("locale", "timezone"))


def _imager_script(path: Path, wish: BootFile) -> None:
    """firstrun.sh of Imager: a shell script, read here and never run. Only the calls with one obvious meaning count."""
    text = text_of(path, wish.problems)
    for line in (text or "").splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        if len(words) < 3 or not words[0].endswith("imager_custom"):
            continue
        command, values = words[1], words[2:]
        if command == "set_hostname":
            _imager(wish, path.name, "hostname", values[0])
        elif command == "enable_ssh" and values[0] == "-k" and len(values) > 1:
            _imager(wish, path.name, "ssh_keys", values[1:])
        elif command == "set_wlan":
            for name, value in zip(("wifi_ssid", "wifi_password", "wifi_country"),
                                   [item for item in values if item not in ("-h", "-p")], strict=False):
                _imager(wish, path.name, name, value)
        elif command == "set_timezone":
            _timezone(wish, values[0])


def _imager_cloud(user: Path, network: Path, wish: BootFile) -> None:
    """user-data and network-config of Imager 2 (cloud-init's format)."""
    data = _yaml(user, wish)
    _imager(wish, user.name, "hostname", data.get("hostname"))
    _timezone(wish, data.get("timezone"))
    keys = _list(data.get("ssh_authorized_keys"))
    for account in _list(data.get("users")):
        keys += _list(_dict(account).get("ssh_authorized_keys"))
    _imager(wish, user.name, "ssh_keys", keys)
    points = _yaml(network, wish)
    points = _dict(points.get("network", points))
    points = _dict(_dict(points.get("wifis")).get("wlan0"))
    _imager(wish, network.name, "wifi_country", points.get("regulatory-domain"))
    for ssid, point in list(_dict(points.get("access-points")).items())[:1]:
        _imager(wish, network.name, "wifi_ssid", ssid)
        _imager(wish, network.name, "wifi_password", _dict(point).get("password"))


def _dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _yaml(path: Path, wish: BootFile) -> dict[str, Any]:
    text = text_of(path, wish.problems)
    if not text:
        return {}
    import yaml
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        wish.problems.append(f"{path.name}: not used, it is not valid YAML")
        return {}
    return document if isinstance(document, dict) else {}


def _timezone(wish: BootFile, value: Any) -> None:
    if isinstance(value, str) and value:
        wish.settings["site.timezone"] = value
