"""What the pages work with: one settings file, one data directory, one clock.

The only module of the page that opens the databases and reads or writes the settings file: pages get a connection to
read from, or what they ask for. Connections are read-only but for the table `command`, by which the page asks the
supervisor process to do something, and for what a test of the PVOutput account learns. They are closed when the request
ends.
"""
import sqlite3
import zoneinfo
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g

from appliance import settings, store
from appliance.health import log
from appliance.health.status import Status, collect
from appliance.history import export, senders, views
from appliance.ledger import cadence
from appliance.outputs.check import OutputCheck, check_output
from appliance.pvoutput import views as pvoutput
from appliance.settings import PVOutput, Settings
from appliance.settings.live import LiveSettings
from appliance.store import database, inbox
from appliance.supervisor import command_queue
from appliance.system.clock import Clock
from spcore.uploads import Upload
from webui.cache import Kept
from webui.security import key_host
from webui.words import settings as words


class Box:
    """One installation, as the page sees it."""

    def __init__(self, config_path: Path, data_dir: Path, clock: Clock) -> None:
        self.config_path = config_path
        self.data_dir = data_dir
        self.clock = clock
        self._live = LiveSettings(config_path, data_dir)
        self.answers = Kept()

    def settings(self) -> Settings:
        """The settings as the file has them now. A file broken by hand leaves the last good ones and `problem`."""
        self._live.refresh()
        return self._live.current

    @property
    def problem(self) -> str:
        """Why the settings file is not the one in use; empty when it is."""
        return self._live.problem

    def change(self, changes: Mapping[str, Any]) -> None:
        """Write the keys ("section.key") whose value is another now. Raises SettingsError: then nothing was written."""
        before = self.settings()
        if problem := key_host.moved(before, changes):
            raise settings.SettingsError(problem)
        changed = {key: value for key, value in changes.items() if settings.value(before, key) != value}
        if changed and self.problem:
            raise settings.SettingsError(str(words.IN_ERROR))
        if changed:
            try:
                settings.update(self.config_path, changed)
            except settings.SettingsNotWritten as error:
                raise settings.SettingsError(str(words.FULL if error.full else words.NOT_WRITTEN)) from error

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

    def status(self) -> Status:
        """Everything that lamps and notices say, read once per request: inverters are compared for it."""
        if "suntap_status" not in g:
            g.suntap_status = collect(self.settings(), self.clock)
        return cast(Status, g.suntap_status)

    def kept(self, question: Hashable, make: Callable[[], str]) -> str:
        """What `make` makes of the store and the settings; made anew when one of them changed."""
        state = database.signature(self.data_dir / store.FILE), self.settings()
        return self.answers.get(question, state, make)

    def slot_seconds(self) -> int:
        """Length of the site's status interval."""
        return cadence.slot_seconds(self.store())

    def last_uploads(self, count: int) -> list[Upload]:
        """The newest captured uploads, newest first; none where the inbox cannot be read."""
        try:
            with closing(inbox.connect(self.data_dir, readonly=True)) as connection:
                return [upload for _, upload in views.last_uploads(connection, count)]
        except (sqlite3.Error, OSError):
            return []

    def who_reports(self, newest: int) -> senders.Overview:
        """Who sends uploads, what is set aside, and the `newest` uploads. Raises sqlite3.Error."""
        with closing(inbox.connect(self.data_dir, readonly=True)) as connection:
            return senders.overview(connection, self.store(), newest)

    def question(self) -> list[senders.Sender]:
        """The senders about which the owner has to say a word; none where the databases cannot be read."""
        try:
            with closing(inbox.connect(self.data_dir, readonly=True)) as connection:
                return senders.question(connection, self.store())
        except (sqlite3.Error, OSError):
            return []

    def notices(self) -> list[log.Entry]:
        """What needs the owner, and what did in the last year, newest first; where the history cannot be read, what
        the lamps say."""
        try:
            written = log.entries(self.store())
        except sqlite3.Error:
            written = []
        return log.shown(written, self.status().facts(), int(self.now()))

    def pvs_address(self, serial: str) -> str:
        """The hardware address of the trusted sender with this supervisor's serial; "" where it is not known."""
        try:
            with closing(inbox.connect(self.data_dir, readonly=True)) as connection:
                return senders.address_of(connection, serial)
        except (sqlite3.Error, OSError):
            return ""

    def csv(self, what: str, first: date, last: date) -> Iterator[str]:
        """The rows of export.COLUMNS[what] for these local days as CSV lines, read as they are asked for."""
        zone = self.zone()

        def lines() -> Iterator[str]:
            with closing(store.connect(self.data_dir, readonly=True)) as connection:
                yield from export.as_csv(export.COLUMNS[what], export.rows(connection, what, zone, first, last))
        return lines()

    def check_account(self, account: PVOutput) -> pvoutput.AccountCheck:
        """Ask PVOutput whether key and system hold: one request of the quota. Raises sqlite3.Error."""
        with closing(store.connect(self.data_dir)) as connection:
            return pvoutput.check_account(connection, replace(self.settings(), pvoutput=account), self.clock)

    def check_output(self, name: str, tried: Settings) -> OutputCheck:
        """Try the output `name` with the settings `tried`."""
        return check_output(name, tried, self.clock)

    def submit(self, name: str, **argument: Any) -> int:
        """Order something from the supervisor process; returns the command's number. Raises sqlite3.Error."""
        with closing(store.connect(self.data_dir)) as connection:
            return command_queue.submit(connection, self.clock, name, argument)

    def answer(self, number: int) -> dict[str, Any] | None:
        """The result of a command, None while it is not finished. Raises KeyError when there is none."""
        return command_queue.result(self.store(), number)

    def waits(self, name: str) -> bool:
        """Whether an order of this name is not finished."""
        return command_queue.waits(self.store(), name)


def install(app: Flask, found: Box) -> None:
    """Make `found` the Box of this app, its connection closed when a request ends."""
    app.extensions["suntap"] = found
    app.teardown_appcontext(_close_store)


def box() -> Box:
    """The Box of the app that serves this request."""
    return cast(Box, current_app.extensions["suntap"])


def _close_store(_error: BaseException | None) -> None:
    connection = g.pop("suntap_store", None)
    if connection is not None:
        connection.close()
