"""Read-only tokens for the owner's other programs: what shows energy, the status and /metrics, and nothing that writes.

    Authorization: Bearer TOKEN        or Basic, with any user and the token as password

A token is 256 random bits, so its SHA-256 is kept in the settings (web.tokens, "NAME:HASH") and no slow hash is needed;
the token itself is shown once, when it is made. Withdrawing it takes effect with the next request.
"""
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from flask import request

PREFIX = "suntap_"          # a token that leaked into a public place can be found by it
MAX_TOKENS = 32


def make(name: str) -> tuple[str, str]:
    """(a new token, the entry for web.tokens)."""
    token = PREFIX + secrets.token_urlsafe(32)
    return token, f"{name}:{_hash(token)}"


def names(entries: Iterable[str]) -> list[str]:
    """The names of the tokens there are."""
    return [entry.rpartition(":")[0] for entry in entries]


def presented(entries: Iterable[str]) -> bool:
    """Whether this request shows a token that is valid now."""
    kind, _, rest = request.headers.get("Authorization", "").partition(" ")
    given = rest.strip() if kind.lower() == "bearer" else ""
    if kind.lower() == "basic" and request.authorization is not None:
        given = request.authorization.password or ""
    if not given:
        return False
    mine = _hash(given)
    return any([hmac.compare_digest(mine, entry.rpartition(":")[2]) for entry in entries])


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
