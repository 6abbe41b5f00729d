"""Fixtures: a data directory with an invented roof, the application on it, visitors with and without the password."""
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance import settings, store
from appliance.store import inbox
from appliance.system.clock import Clock
from tests.web.roof import Roof, fill, post
from webui import create_app
from webui.security import passwords

ZONE = ZoneInfo("America/Los_Angeles")
TODAY = date(2026, 5, 9)
NOON = datetime(2026, 5, 9, 12, 3, tzinfo=ZONE).timestamp()
PASSWORD = "correct horse battery"


class FixedClock(Clock):
    """Stands still until a test moves it."""

    def __init__(self, now: float) -> None:
        super().__init__()
        object.__setattr__(self, "now", now)

    def time(self) -> float:
        return float(self.now)  # type: ignore[attr-defined]

    def move(self, seconds: float) -> None:
        """Let time pass."""
        object.__setattr__(self, "now", self.time() + seconds)


class Visitor:
    """A browser without a screen: cookies, and forms sent with the token of the page that they are on."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.get = client.get

    def token(self, page: str) -> str:
        """The CSRF token in a page's form."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page, follow_redirects=True).text)
        assert found, f"{page} has no form"
        return found[1]

    def send(self, page: str, to: str | None = None, /, **form: str):
        """Send the form on `page` to `to` (or back to the page)."""
        return self.client.post(to or page, data={"csrf_token": self.token(page), **form})

    def log_in(self, password: str = PASSWORD) -> "Visitor":
        """Give the password."""
        self.send("/login", password=password)
        return self


def cookie_of(visitor: Visitor) -> str:
    """The value of a visitor's session cookie. Both of these look behind the client: its methods changed with
    Werkzeug 2.3, and Debian 12 has 2.2."""
    if hasattr(visitor.client, "get_cookie"):
        found = visitor.client.get_cookie("suntap")
        return str(found.value) if found else ""
    return next((str(cookie.value) for cookie in visitor.client.cookie_jar if cookie.name == "suntap"), "")


def set_cookie(client: FlaskClient, value: str) -> None:
    """Give a client a session cookie."""
    if hasattr(client, "get_cookie"):
        client.set_cookie("suntap", value)
    else:
        client.set_cookie("localhost", "suntap", value)


@contextmanager
def running(server: Any) -> Iterator[None]:
    """waitress `server` in a thread, ended in order, loop and workers before the files: it wakes its loop by a byte
    into a descriptor that may be another file's by then, such as the next test's settings."""
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        channels = list(server.active_channels.values())
        server.trigger.pull_trigger(server._map.clear)
        thread.join(10)
        server.task_dispatcher.shutdown()
        for channel in channels:
            channel.handle_close()
        server.close()


@pytest.fixture
def cheap_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """scrypt as it is, at a sixteenth of its cost: a test logs in often."""
    monkeypatch.setattr(passwords, "N", 1 << 11)


@pytest.fixture
def clock() -> FixedClock:
    """Noon of an invented day."""
    return FixedClock(NOON)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """An empty data directory."""
    folder = tmp_path / "data"
    folder.mkdir()
    store.connect(folder).close()
    inbox.connect(folder).close()
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A settings file."""
    path = tmp_path / "suntap.toml"
    settings.update(path, {"site.timezone": ZONE.key, "capture.interface": "lo"})
    return path


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of a roof with sixteen inverters and a meter, up to now: made once, copied for each test."""
    folder = tmp_path_factory.mktemp("filled")
    fill(folder, settings.Settings(), Roof().uploads(TODAY, 3, until=NOON - 20), NOON)
    post(folder, waiting_from=NOON - 900)
    return folder


@pytest.fixture
def roof(data_dir: Path, filled: Path) -> Path:
    """The data directory with those three days in it."""
    for path in filled.iterdir():
        if path.suffix == ".sqlite3":
            with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(data_dir / path.name)) as target:
                source.backup(target)
    return data_dir


@pytest.fixture
def fresh(config: Path, data_dir: Path, clock: FixedClock, cheap_password: None) -> Flask:
    """The application before its first visit."""
    app = create_app(config, data_dir, clock)
    app.testing = True
    return app


@pytest.fixture
def app(fresh: Flask) -> Flask:
    """The application with a password."""
    fresh.extensions["suntap-auth"].set_password(PASSWORD)
    return fresh


@pytest.fixture
def guest(app: Flask) -> Visitor:
    """Somebody at home without the password."""
    return Visitor(app.test_client())


@pytest.fixture
def owner(app: Flask) -> Visitor:
    """The owner, logged in."""
    return Visitor(app.test_client()).log_in()
