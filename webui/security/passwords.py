"""Password hashes in werkzeug's scrypt format, by the standard library: werkzeug writes them only from 2.3 on, and
Debian 12 has 2.2. The cost is 32 MiB and about half a second on a Pi 3.
"""
import hashlib
import hmac
import secrets
import threading

from webui.limits import CHECKED_AT_ONCE, CHECKS_WAITING

_one = threading.BoundedSemaphore(CHECKED_AT_ONCE)
_waiting = threading.BoundedSemaphore(CHECKED_AT_ONCE + CHECKS_WAITING)
N, R, P = 1 << 15, 8, 1
MAX_MEMORY = 132 * N * R * P


class Busy(Exception):
    """Too many passwords are being checked."""


def generate_password_hash(password: str) -> str:
    """A new salted hash of `password`: "scrypt:N:R:P$salt$hex"."""
    salt = secrets.token_urlsafe(12)
    return f"scrypt:{N}:{R}:{P}${salt}${_scrypt(password, salt)}"


def check_password_hash(stored: str, password: str) -> bool:
    """Whether `stored` is a hash of `password`. Anything but a hash of ours is none; the time does not tell which."""
    method, _, rest = stored.partition("$")
    salt, _, digest = rest.partition("$")
    right = hmac.compare_digest(_scrypt(password, salt).encode(), digest.encode())
    return right and method == f"scrypt:{N}:{R}:{P}"


def _scrypt(password: str, salt: str) -> str:
    """One at a time, and few that wait: each takes the memory of the whole page. Raises Busy."""
    if not _waiting.acquire(blocking=False):
        raise Busy
    try:
        with _one:
            return _hash(password, salt)
    finally:
        _waiting.release()


def _hash(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=N, r=R, p=P, maxmem=MAX_MEMORY).hex()
