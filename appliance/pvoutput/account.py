"""The systems at PVOutput as getsystem told them, and whether key, system and zone hold.

Asked at set-up, whenever the account in the settings changed, once a day, once per boot (its reply brings the
server's time) and hourly while PVOutput refuses the settings. Nothing is posted to a system before it was answered for
the account that is set now, nor while PVOutput's zone for the system keeps another time than the site's: the rows would
land on wrong hours, or move by one when summer time begins.
"""
import hashlib
import sqlite3
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from appliance.ledger.cadence import status_interval, use_status_interval
from appliance.pvoutput import cures, outbox, pauses, persisted, replies, reply_fields
from appliance.pvoutput.client import Client, Reply
from appliance.pvoutput.servertime import Now
from appliance.pvoutput.targets import Target, targets
from appliance.settings import PVOutput, Settings

REFRESH_S = 86_400
AGE_LIMIT_DAYS = {False: 14, True: 90}  # by donation
BATCH_ROWS = {False: 30, True: 100}
LEAST_INTERVAL_S = 300   # no PVS speaks more often; a system with a shorter one takes these rows as they are


@dataclass(frozen=True)
class KnownSystem:
    """The last getsystem answer: `checked` is the server's time of it, `donor` may have been revoked since, and the
    size may be the one that a refusal named since."""

    system: reply_fields.System
    checked: float

    @property
    def interval_s(self) -> int:
        """The status interval that rows are made for: slots are never shorter than LEAST_INTERVAL_S."""
        return max(LEAST_INTERVAL_S, self.system.interval_s)

    @property
    def age_limit(self) -> int:
        """Days back, by the local date, that statuses are accepted."""
        return AGE_LIMIT_DAYS[self.system.donor]


def known(conn: sqlite3.Connection, target: Target) -> KnownSystem | None:
    """What is known of a system; None before getsystem answered for it with this account."""
    fact = persisted.get(conn, persisted.name("system", target.key))
    if fact is None or fact["account"] != _fingerprint(target.account):
        return None
    return KnownSystem(reply_fields.System(**fact["system"]), fact["checked"])


def interval_s(conn: sqlite3.Connection, target: Target) -> int:
    """The status interval that a system's rows are made for."""
    last = known(conn, target) if target.key else None
    return last.interval_s if last else status_interval(conn)


def rules(conn: sqlite3.Connection, target: Target) -> cures.Rules:
    """What is known of the values that PVOutput takes for a system."""
    last = known(conn, target)
    if last is None:
        return cures.Rules()
    system = last.system
    return cures.load(conn, target.key, system.size_w, system.latitude, system.longitude)


def learn(conn: sqlite3.Connection, target: Target, better: cures.Rules) -> None:
    """A refusal taught these rules, perhaps a size that getsystem told otherwise."""
    cures.save(conn, target.key, better)
    name = persisted.name("system", target.key)
    fact = persisted.get(conn, name)
    if fact is not None and fact["system"]["size_w"] != better.size_w:
        fact["system"]["size_w"] = better.size_w
        persisted.put(conn, name, fact)


def _fingerprint(account: PVOutput) -> str:
    """Tells one account from another without keeping the key."""
    text = f"{account.url}\n{account.system_id}\n{account.api_key.reveal()}"
    return hashlib.blake2b(text.encode(), digest_size=16, key=b"suntap").hexdigest()


def trouble(conn: sqlite3.Connection, target: Target) -> str:
    """Why PVOutput refuses these settings, in its words; "" while it does not."""
    fact = persisted.get(conn, persisted.name("refused_settings", target.key))
    return fact["text"] if fact and fact["account"] == _fingerprint(target.account) else ""


def refuse(conn: sqlite3.Connection, now: Now, target: Target, text: str) -> None:
    """PVOutput refuses the settings of this system: post nothing to it, ask getsystem hourly."""
    persisted.put(conn, persisted.name("refused_settings", target.key),
                  {"account": _fingerprint(target.account), "text": text})
    pauses.block(conn, now, target.key, text, pauses.PROBE_S)


def note_change(conn: sqlite3.Connection, settings: Settings) -> None:
    """Other accounts or zone than before: what was refused or failed with the old ones says nothing about these."""
    current = [_fingerprint(settings.pvoutput), settings.site.timezone,
               *(_fingerprint(target.account) for target in targets(settings) if target.key)]
    if persisted.get(conn, "posts_as") == current:
        return
    persisted.put(conn, "posts_as", current)
    for target in targets(settings):
        pauses.unblock(conn, target.key)
    fact = persisted.get(conn, "pause")
    if fact is not None and fact["kind"] != pauses.QUOTA:
        pauses.end(conn)


def ask_again(conn: sqlite3.Connection, settings: Settings) -> None:
    """The owner changed something at PVOutput: ask for each system at once, and believe no refusal from before."""
    for target in targets(settings):
        cures.forget(conn, target.key)
        pauses.unblock(conn, target.key)
        name = persisted.name("system", target.key)
        fact = persisted.get(conn, name)
        if fact is not None:
            persisted.put(conn, name, {**fact, "checked": 0.0})


def try_now(conn: sqlite3.Connection) -> None:
    """Send at once where only the network was missing; other pauses are PVOutput's to end."""
    pauses.end(conn, pauses.NETWORK)


def doubt_interval(conn: sqlite3.Connection, now: Now, target: Target) -> None:
    """PVOutput put rows at other times than they were sent for: its status interval is another one than it told. It is
    asked for at once, but for an answer that is younger than PROBE_S."""
    name = persisted.name("system", target.key)
    fact = persisted.get(conn, name)
    if fact is not None and now.server is not None and now.server - fact["checked"] >= pauses.PROBE_S:
        persisted.put(conn, name, {**fact, "checked": 0.0})


def is_posting(conn: sqlite3.Connection, account: PVOutput) -> bool:
    """Whether rows are posted with this account, or with none yet: a test may be made with another one."""
    posts_as = persisted.get(conn, "posts_as")
    return posts_as is None or posts_as[0] == _fingerprint(account)


def zone_mismatch(system: reply_fields.System, timezone: str, moment: float) -> str:
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


def mismatch(conn: sqlite3.Connection, target: Target, moment: float | None = None) -> str:
    """zone_mismatch() of what is known of a system, in the year of `moment` or of its last answer."""
    last = known(conn, target)
    if last is None:
        return ""
    return zone_mismatch(last.system, target.settings.site.timezone, last.checked if moment is None else moment)


def is_due(conn: sqlite3.Connection, now: Now, target: Target) -> bool:
    """Whether getsystem is to be asked now; the system is not blocked."""
    last = known(conn, target)
    if now.server is None or last is None or trouble(conn, target):
        return True
    wrong = mismatch(conn, target, now.server)
    return now.server - last.checked >= (pauses.PROBE_S if wrong else REFRESH_S)


@dataclass(frozen=True)
class Probe:
    """Ask getsystem."""

    target: Target

    @property
    def what(self) -> str:
        return "asking PVOutput for the system"

    def count(self, conn: sqlite3.Connection) -> None:
        """Nothing beside the quota."""

    def send(self, client: Client) -> Reply:
        return client.getsystem()

    @staticmethod
    def read(text: str) -> reply_fields.System:
        """The answer's system. Raises Unreadable."""
        system = reply_fields.parse_system(text)
        if system is None:
            raise reply_fields.Unreadable("PVOutput's answer about the system cannot be read")
        return system

    def accepted(self, conn: sqlite3.Connection, now: Now, text: str) -> str:
        system, target = self.read(text), self.target
        before = known(conn, target)
        store_system(conn, now, target, system)
        persisted.put(conn, persisted.name("refused_settings", target.key), None)
        if before is not None and (before.system.size_w, before.system.donor) != (system.size_w, system.donor):
            cures.forget(conn, target.key)
        if system.donor and before is not None and not before.system.donor and now.server is not None:
            today = datetime.fromtimestamp(now.server, target.zone).date()
            outbox.revive(conn, target.key, today, AGE_LIMIT_DAYS[True])
        wrong = zone_mismatch(system, target.settings.site.timezone, now.server or 0.0)
        return wrong or f"PVOutput knows the system: {system.name}"

    def refused(self, conn: sqlite3.Connection, now: Now, refusal: replies.Refusal) -> str:
        refuse(conn, now, self.target, refusal.text)
        return refusal.text

    def failed(self, conn: sqlite3.Connection, now: Now) -> None:
        """The daily question may wait an hour: posting must not depend on it."""
        last = known(conn, self.target)
        if last is not None and now.server is not None and not trouble(conn, self.target):
            store_system(conn, now, self.target, last.system, REFRESH_S - pauses.PROBE_S)


def revoke_donation(conn: sqlite3.Connection, target: Target) -> None:
    """PVOutput refused what only donors may: do as free accounts do until getsystem says otherwise again."""
    name = persisted.name("system", target.key)
    fact = persisted.get(conn, name)
    if fact is not None:
        fact["system"]["donor"] = False
        persisted.put(conn, name, fact)


def store_system(conn: sqlite3.Connection, now: Now, target: Target, system: reply_fields.System,
                 age: float = 0.0) -> None:
    """Remember an answer that is `age` seconds old. The status interval of the site's own system is the least length
    of the ledger's slots from now on."""
    persisted.put(conn, persisted.name("system", target.key),
                  {"account": _fingerprint(target.account), "system": asdict(system),
                   "checked": (now.server or 0.0) - age})
    if not target.key:
        use_status_interval(conn, max(LEAST_INTERVAL_S, system.interval_s))
