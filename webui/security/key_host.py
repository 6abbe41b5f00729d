"""A stored key belongs to its host: it goes to no address that was typed beside it, by Test or by Save.

Whoever sits at the owner's open page could otherwise have a key sent to a machine of his own.
"""
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from appliance.settings import Settings
from webui.language import N_

SECRETS = {"pvoutput": ("api_key",), "mqtt": ("password",), "lines": ("token",), "notify": ("token",)}
AGAIN = N_("The stored key belongs to {host}: enter the key again for the new address.")


def moved(before: Settings, changes: Mapping[str, Any]) -> str:
    """What to tell when `changes` ("section.key" → value) would send a stored secret to another host; "" if not."""
    for section, names in SECRETS.items():
        url = changes.get(f"{section}.url")
        stored = getattr(before, section, None)
        if not isinstance(url, str) or stored is None or not stored.url or _stays(url, stored.url):
            continue
        if any(getattr(stored, name) and not changes.get(f"{section}.{name}") for name in names):
            return AGAIN.format(host=_host(stored.url))
    return ""


def _stays(url: str, before: str) -> bool:
    """Whether `url` is empty or means the host that `before` means, and is not in the clear where that was not."""
    tls, was_tls = (_server(one).partition(":")[0].lower() in ("https", "mqtts", "smtps") for one in (url, before))
    return not url or (_host(url) == _host(before) and tls >= was_tls)


def _server(url: str) -> str:
    """The address that a secret goes to: of mailto:ADDRESS?smtp=SERVER, the server."""
    try:
        parts = urlsplit(url)
        return parse_qs(parts.query, max_num_fields=4).get("smtp", [url])[0] if parts.scheme == "mailto" else url
    except ValueError:
        return url


def _host(url: str) -> str:
    try:
        parts = urlsplit(_server(url))
        return f"{parts.hostname or ''}:{parts.port or parts.scheme}"
    except ValueError:
        return url
