"""The owner's password and the sessions that it opens.

`<data_dir>/web-auth.json`, mode 0600, replaced as a whole:
    secret      signs session cookies and CSRF tokens
    password    salted scrypt (module passwords), or null: no password yet, the first visit is still to come
    login       random, new with every password: sessions opened with another one are void
A session is open while its random id is in `<data_dir>/web-sessions.json`, beside the `login` that it was opened with
and when: a log-out ends it for every copy of its cookie, a new password ends all of them, a restart none. While the
system's time is a guess (system.clock.is_set) no session ends by itself, and one that is opened then counts from
when the time is known: else NTP's first answer would log the owner out in the middle of the set-up.
A lost password is reset by removing the file (`suntap reset-password`): the next visit is a first visit again, every
session is void, and nothing else is touched. The file is looked at on each request, so a reset needs no restart.
"""
import hmac
import json
import logging
import math
import secrets
import threading
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from flask import Response, after_this_request, current_app, g, request, session
from itsdangerous import BadSignature, URLSafeSerializer

from appliance.system.clock import Clock, is_set
from appliance.system.files import write_atomic
from webui.language import _
from webui.limits import KNOWN_S, MAX_LENGTH, MAX_SESSIONS, MIN_LENGTH, SESSION_S
from webui.security.passwords import check_password_hash, generate_password_hash

log = logging.getLogger(__name__)

FILE, SESSIONS = "web-auth.json", "web-sessions.json"
BROWSER, MAX_COOKIE = "suntap_browser", 200     # cookie of a browser that logged in before, and its longest value


class PasswordError(ValueError):
    """The password cannot be used; the text says why."""


@dataclass(frozen=True)
class Stored:
    """Content of web-auth.json."""

    secret: str
    password: str | None = None
    login: str = ""


class Auth:
    """Reads and writes web-auth.json for one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE
        self._seen: tuple[int, int, int] | None = None
        self._writing = threading.Lock()
        self._stored = Stored(secrets.token_urlsafe(32))
        self._stored = self.stored()
        self.secret = self._stored.secret
        self._sessions = data_dir / SESSIONS
        # id → login, since when (seconds since 1970; None: since the time was a guess)
        self._open: dict[str, tuple[str, float | None]] = self._read_sessions()

    def begin(self, login: str, now: float | None) -> str:
        """Open a session; its id. `now` is None while the time is a guess, here and in holds()."""
        number = secrets.token_urlsafe(24)
        with self._writing:
            known = {key: entry for key, entry in self._open.items() if entry[0] == login and _runs(entry[1], now)}
            newest = sorted(known.items(), key=lambda item: _age_order(item[1][1]))[-(MAX_SESSIONS - 1):]
            self._open = {**dict(newest), number: (login, now)}
            self._write_sessions()
        return number

    def end(self, number: str) -> None:
        """End a session, if it is open."""
        with self._writing:
            if self._open.pop(number, None) is not None:
                self._write_sessions()

    def holds(self, number: str, now: float | None) -> bool:
        """Whether this session is open under the password that is valid now."""
        stored, (login, since) = self.stored(), self._open.get(number, ("", 0.0))
        if not (stored.password and hmac.compare_digest(login, stored.login)):
            return False
        if since is None and now is not None:
            with self._writing:
                if number in self._open:
                    self._open[number] = (login, now)
                    self._write_sessions()
        return _runs(since, now)

    def _write_sessions(self) -> None:
        """What cannot be written (a full disk) holds until the next start."""
        try:
            write_atomic(self._sessions, json.dumps(self._open).encode())
        except OSError as error:
            log.warning("%s: %s: sessions are kept until the next start only", self._sessions, error.strerror)

    def _read_sessions(self) -> dict[str, tuple[str, float | None]]:
        """The open sessions; none where the file is not one."""
        try:
            found = json.loads(self._sessions.read_bytes())
            return {str(key): (str(login), None if since is None else float(since))
                    for key, (login, since) in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def stored(self) -> Stored:
        """What the file says now; the same secret without a password when it is gone."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._seen, self._stored = None, Stored(self._stored.secret)
            return self._stored
        mark = (status.st_ino, status.st_mtime_ns, status.st_size)
        if mark != self._seen:
            self._stored, self._seen = self._read(), mark
        return self._stored

    def set_password(self, password: str) -> str:
        """Store a new password; returns the new login value. Raises PasswordError, OSError."""
        check_length(password)
        with self._writing:
            return self._write(password)

    def _write(self, password: str) -> str:
        stored = Stored(self.secret, generate_password_hash(password), secrets.token_urlsafe(16))
        write_atomic(self.path, json.dumps(asdict(stored)).encode())
        return stored.login

    def set_first_password(self, password: str) -> str:
        """As set_password, for the first visit. Raises PasswordError too when somebody was quicker."""
        check_length(password)
        with self._writing:
            if self.stored().password is not None:
                raise PasswordError(_("Somebody has just chosen a password. Log in with it."))
            return self._write(password)

    def check(self, password: str) -> str | None:
        """The login value if this is the password, else None. Takes as long when no password is set."""
        stored = self.stored()
        right = check_password_hash(stored.password or _decoy(), password[:MAX_LENGTH])
        return stored.login if right and stored.password else None

    def _read(self) -> Stored:
        """The file's content. One that cannot be understood opens to nobody until it is reset."""
        try:
            fields = json.loads(self.path.read_bytes())
            return Stored(str(fields["secret"]), fields["password"], str(fields["login"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.error("%s cannot be read (%s): nobody can log in; run 'suntap reset-password'", self.path, error)
            return Stored(self._stored.secret, "unreadable", secrets.token_urlsafe(16))


@cache
def _decoy() -> str:
    """A hash that no password matches and that costs as much to compare."""
    return generate_password_hash(secrets.token_urlsafe(16))


def _runs(since: float | None, now: float | None) -> bool:
    """Whether a session of `since` is not known to be over. A clock that was set back by much ends it too."""
    return since is None or now is None or abs(now - since) < SESSION_S


def _age_order(since: float | None) -> float:
    """Sorts sessions by when they were opened; those of an unknown time last, as the newest."""
    return math.inf if since is None else since


def _now() -> float | None:
    """Seconds since 1970 by the system's clock (not the demo's, which runs faster), None while that is a guess."""
    return Clock().time() if is_set() else None


def check_length(password: str) -> None:
    """Raises PasswordError for a password that is too short or too long."""
    if len(password) < MIN_LENGTH:
        raise PasswordError(_("At least {least} characters, please.").format(least=MIN_LENGTH))
    if len(password) > MAX_LENGTH:
        raise PasswordError(_("At most {most} characters, please.").format(most=MAX_LENGTH))


def current() -> Auth:
    """The Auth of the app that serves this request."""
    found: Auth = current_app.extensions["suntap-auth"]
    return found


def redact(text: str, *more: str) -> str:
    """`text` without what opens something: the session secret, the password's hash, and `more`."""
    stored = current().stored()
    for secret in (stored.secret, stored.password, stored.login, *more):
        if secret:
            text = text.replace(secret, "****")
    return text


def password_is_set() -> bool:
    """False: the first visit is still to come."""
    return current().stored().password is not None


def is_owner() -> bool:
    """Did this browser give the password that is valid now?"""
    if "is_owner" not in g:
        g.is_owner = current().holds(str(session.get("id", "")), _now())
    return bool(g.is_owner)


def open_session(login: str) -> None:
    """Make this browser the owner's, with a fresh session (a cookie planted before the login is worth nothing)."""
    session.clear()
    session.permanent = True
    session["id"] = current().begin(login, _now())
    g.is_owner = True


def known_browser() -> str:
    """The name of a browser that logged in before; "" for any other."""
    try:
        return str(_signer().loads(request.cookies.get(BROWSER, "")[:MAX_COOKIE]))
    except BadSignature:
        return ""


def remember_browser() -> None:
    """Let this browser be known from now on. It opens nothing: its tries are counted apart."""
    name = known_browser() or secrets.token_urlsafe(12)

    @after_this_request
    def remember(response: Response) -> Response:
        response.set_cookie(BROWSER, _signer().dumps(name), max_age=KNOWN_S, httponly=True, samesite="Strict")
        return response


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current().secret, salt="known browser")


def close_session() -> None:
    """Log this browser out; a copy of its cookie opens nothing any more."""
    current().end(str(session.get("id", "")))
    session.clear()
