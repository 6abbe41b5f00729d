"""Checks of single settings: each returns a value from outside as it is kept inside, or raises ValueError."""
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")


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
    except Exception as error:  # KeyError, ValueError, OSError: by how the name is wrong
        raise ValueError from error
    return str(value)


def port_list(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= 8:
        raise ValueError
    check = whole(1, 65535)
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


def absolute(value: Any) -> Path:
    path = Path(value) if isinstance(value, str | Path) else None
    if path is None or not path.is_absolute() or not str(path).isprintable():
        raise ValueError
    return path
