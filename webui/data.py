"""What the pages work with: one settings file, one data directory, one clock.

The only module of the page that touches the store and the settings file; connections are read-only but for the table
`command`, by which the page asks the supervisor process to do something.
"""
import sqlite3
import zoneinfo
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask import current_app, g

from appliance import store
from appliance.ledger import cadence
from appliance.settings import Settings
from appliance.settings.live import LiveSettings
from appliance.supervisor import commands
from appliance.system.clock import Clock


class Box:
    """One installation, as the page sees it."""

    def __init__(self, config_path: Path, data_dir: Path, clock: Clock) -> None:
        self.config_path = config_path
        self.data_dir = data_dir
        self.clock = clock
        self._live = LiveSettings(config_path, data_dir)

    def settings(self) -> Settings:
        """The settings as the file has them now. A file broken by hand leaves the last good ones and `problem`."""
        self._live.refresh()
        return self._live.current

    @property
    def problem(self) -> str:
        """Why the settings file is not the one in use; empty when it is."""
        return self._live.problem

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return self.clock.time()

    def zone(self) -> ZoneInfo:
        """The site's zone."""
        return ZoneInfo(self.settings().site.timezone)

    @cached_property
    def _zones(self) -> list[str]:
        return sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))

    def zone_names(self) -> list[str]:
        """Zones to choose from."""
        return self._zones

    def store(self) -> sqlite3.Connection:
        """Read-only connection to suntap.sqlite3, one per request."""
        if "suntap_store" not in g:
            g.suntap_store = store.connect(self.data_dir, readonly=True)
        return cast(sqlite3.Connection, g.suntap_store)

    def slot_seconds(self) -> int:
        """Length of the site's status interval."""
        return cadence.slot_seconds(self.store())

    def ask(self, name: str, **argument: Any) -> int:
        """Order something from the supervisor process; returns the command's number. Raises sqlite3.Error."""
        with closing(store.connect(self.data_dir)) as connection:
            return commands.submit(connection, self.clock, name, argument)

    def answer(self, number: int) -> dict[str, Any] | None:
        """The result of a command, None while it is not finished. Raises KeyError when there is none."""
        return commands.result(self.store(), number)

    def waits(self, name: str) -> bool:
        """Whether an order of this name is not finished."""
        found = self.store().execute("SELECT 1 FROM command WHERE name = ? AND finished IS NULL", (name,))
        return found.fetchone() is not None


def box() -> Box:
    """The Box of the app that serves this request."""
    return cast(Box, current_app.extensions["suntap"])


def close_store(_error: BaseException | None = None) -> None:
    """After each request."""
    connection = g.pop("suntap_store", None)
    if connection is not None:
        connection.close()
