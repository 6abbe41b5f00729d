"""The system at PVOutput as getsystem told it, and whether key, system and zone hold.

Asked at set-up, whenever the account in the settings changed, once a day, once per boot (its reply brings the
server's time) and hourly while PVOutput refuses the settings. Nothing is posted before it was answered for the
account that is set now, nor while PVOutput's zone for the system keeps another time than the site's: the rows would
land on wrong hours, or move by one when summer time begins.
"""
import hashlib
import sqlite3
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from appliance.ledger.cadence import use_status_interval
from appliance.pvoutput import answers, outbox, pauses, persisted, replies
from appliance.pvoutput.client import Client, Reply
from appliance.pvoutput.servertime import Now
from appliance.settings import PVOutput, Settings

REFRESH_S = 86_400
AGE_LIMIT_DAYS = {False: 14, True: 90}  # by donation
BATCH_ROWS = {False: 30, True: 100}
LEAST_INTERVAL_S = 300   # no PVS speaks more often; a system with a shorter one takes these rows as they are


@dataclass(frozen=True)
class KnownSystem:
    """The last getsystem answer: `checked` is the server's time of it, `donor` may have been revoked since."""

    system: answers.System
    checked: float

    @property
    def interval_s(self) -> int:
        """The status interval that rows are made for: slots are never shorter than LEAST_INTERVAL_S."""
        return max(LEAST_INTERVAL_S, self.system.interval_s)

    @property
    def age_limit(self) -> int:
        """Days back, by the local date, that statuses are accepted."""
        return AGE_LIMIT_DAYS[self.system.donor]


def known(conn: sqlite3.Connection, account: PVOutput) -> KnownSystem | None:
    """What is known of this account's system; None before getsystem answered for it."""
    fact = persisted.get(conn, "system")
    if fact is None or fact["account"] != _fingerprint(account):
        return None
    return KnownSystem(answers.System(**fact["system"]), fact["checked"])


def _fingerprint(account: PVOutput) -> str:
    """Tells one account from another without keeping the key."""
    text = f"{account.url}\n{account.system_id}\n{account.api_key.reveal()}"
    return hashlib.blake2b(text.encode(), digest_size=16, key=b"suntap").hexdigest()


def trouble(conn: sqlite3.Connection, account: PVOutput) -> str:
    """Why PVOutput refuses these settings, in its words; "" while it does not."""
    fact = persisted.get(conn, "refused_settings")
    return fact["text"] if fact and fact["account"] == _fingerprint(account) else ""


def refuse(conn: sqlite3.Connection, now: Now, account: PVOutput, text: str) -> None:
    """PVOutput refuses the settings: post nothing, ask getsystem hourly."""
    persisted.put(conn, "refused_settings", {"account": _fingerprint(account), "text": text})
    pauses.begin(conn, now, pauses.SETTINGS, text, pauses.PROBE_S)


def note_change(conn: sqlite3.Connection, settings: Settings) -> None:
    """Other account or zone than before: what was refused or failed with the old one says nothing about this one."""
    current = [_fingerprint(settings.pvoutput), settings.site.timezone]
    if persisted.get(conn, "posts_as") == current:
        return
    persisted.put(conn, "posts_as", current)
    fact = persisted.get(conn, "pause")
    if fact is not None and fact["kind"] != pauses.QUOTA:
        pauses.end(conn)


def is_posting(conn: sqlite3.Connection, account: PVOutput) -> bool:
    """Whether rows are posted with this account, or with none yet: a test may be made with another one."""
    posts_as = persisted.get(conn, "posts_as")
    return posts_as is None or posts_as[0] == _fingerprint(account)


def zone_mismatch(system: answers.System, timezone: str, moment: float) -> str:
    """"" where PVOutput's zone for the system keeps the site's time all year, or is not set; else what to do."""
    year = datetime.fromtimestamp(moment, UTC).year
    if not system.zone or _same_time(system.zone, timezone, year):
        return ""
    return (f"PVOutput keeps this system in the time zone {system.zone}, suntap the site in {timezone}: "
            "set both to the same")


@lru_cache(maxsize=8)
def _same_time(theirs: str, ours: str, year: int) -> bool:
    """Whether two zones have the same offset on every day of a year; True for a name that is no IANA zone."""
    try:
        zones = ZoneInfo(theirs), ZoneInfo(ours)
    except (KeyError, ValueError, OSError):
        return True
    noons = (datetime(year, 1, 1, 12) + timedelta(days=day) for day in range(366))
    return all(noon.replace(tzinfo=zones[0]).utcoffset() == noon.replace(tzinfo=zones[1]).utcoffset()
               for noon in noons)


def is_due(conn: sqlite3.Connection, now: Now, settings: Settings) -> bool:
    """Whether getsystem is to be asked now."""
    account = settings.pvoutput
    last = known(conn, account)
    if now.server is None or last is None or trouble(conn, account):
        return True
    mismatch = zone_mismatch(last.system, settings.site.timezone, now.server)
    return now.server - last.checked >= (pauses.PROBE_S if mismatch else REFRESH_S)


@dataclass(frozen=True)
class Probe:
    """Ask getsystem."""

    settings: Settings
    what: str = "asking PVOutput for the system"

    def count(self, conn: sqlite3.Connection) -> None:
        """Nothing beside the quota."""

    def send(self, client: Client) -> Reply:
        return client.getsystem()

    @staticmethod
    def read(text: str) -> answers.System:
        """The answer's system. Raises Unreadable."""
        system = answers.parse_system(text)
        if system is None:
            raise answers.Unreadable("PVOutput's answer about the system cannot be read")
        return system

    def accepted(self, conn: sqlite3.Connection, now: Now, text: str) -> str:
        system = self.read(text)
        before = known(conn, self.settings.pvoutput)
        store_system(conn, now, self.settings.pvoutput, system)
        persisted.put(conn, "refused_settings", None)
        if system.donor and before is not None and not before.system.donor and now.server is not None:
            today = datetime.fromtimestamp(now.server, ZoneInfo(self.settings.site.timezone)).date()
            outbox.revive(conn, today, AGE_LIMIT_DAYS[True])
        mismatch = zone_mismatch(system, self.settings.site.timezone, now.server or 0.0)
        return mismatch or f"PVOutput knows the system: {system.name}"

    def refused(self, conn: sqlite3.Connection, now: Now, refusal: replies.Refusal) -> str:
        refuse(conn, now, self.settings.pvoutput, refusal.text)
        return refusal.text

    def failed(self, conn: sqlite3.Connection, now: Now) -> None:
        """The daily question may wait an hour: posting must not depend on it."""
        last = known(conn, self.settings.pvoutput)
        if last is not None and now.server is not None and not trouble(conn, self.settings.pvoutput):
            store_system(conn, now, self.settings.pvoutput, last.system, REFRESH_S - pauses.PROBE_S)


def revoke_donation(conn: sqlite3.Connection) -> None:
    """PVOutput refused what only donors may: do as free accounts do until getsystem says otherwise again."""
    fact = persisted.get(conn, "system")
    if fact is not None:
        fact["system"]["donor"] = False
        persisted.put(conn, "system", fact)


def store_system(conn: sqlite3.Connection, now: Now, account: PVOutput, system: answers.System,
                 age: float = 0.0) -> None:
    """Remember an answer that is `age` seconds old; its status interval is the ledger's slot length from now on."""
    persisted.put(conn, "system", {"account": _fingerprint(account), "system": asdict(system),
                               "checked": (now.server or 0.0) - age})
    use_status_interval(conn, max(LEAST_INTERVAL_S, system.interval_s))
