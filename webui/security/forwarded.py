"""What a reverse proxy says of the browser behind it (X-Forwarded-Proto, X-Forwarded-Host).

It is believed of the addresses in `web.proxies` alone; of anybody else's request those headers are removed.

waitress would do the same for one fixed address; web.proxies may name several and changes without a restart.
"""
import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

from webui.data import Box

NAMES = ("PROTO", "HOST", "FOR", "PORT", "BY")


class Forwarded:
    """WSGI middleware in front of `app`."""

    def __init__(self, app: Callable[..., Iterable[bytes]], box: Box) -> None:
        self._app, self._box = app, box

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        said = {name: environ.pop(f"HTTP_X_FORWARDED_{name}", "") for name in NAMES}
        environ.pop("HTTP_FORWARDED", None)
        if any(said.values()) and is_named(environ.get("REMOTE_ADDR", ""), self._box.settings().web.proxies):
            if said["PROTO"] in ("http", "https"):
                environ["wsgi.url_scheme"] = said["PROTO"]
            if said["HOST"] and "," not in said["HOST"]:
                environ["HTTP_HOST"] = said["HOST"]
        return self._app(environ, start_response)


def is_named(address: str, proxies: Iterable[str]) -> bool:
    """Whether `address` is one of these addresses and networks."""
    try:
        who = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(who, "ipv4_mapped", None)
    return any((mapped or who) in ipaddress.ip_network(proxy) for proxy in proxies)
