"""Who sends uploads, for the page and `suntap senders`: which of them count, and which wait for a word of the owner."""
import sqlite3
from dataclasses import dataclass

from appliance.store import inbox as inbox_uploads
from appliance.store import trust
from appliance.store.trust import NONE, TRUSTED, UNKNOWN

MAX_LISTED = 100        # devices and uploads that are set aside, and newest uploads
KINDS = {"pvs": "SunPower box"}     # of devices, where owners have another word


@dataclass(frozen=True, slots=True)
class Sender:
    """One sender. Times in UTC seconds; `id` is the inbox's."""

    id: int
    mac: str                # "" where its link has none, "-" for what was stored before senders were kept
    serial: str             # of the supervisor; "" where no upload said it
    address: str            # its newest IP address
    from_router: bool       # it speaks from the router's side of the bridge
    first: int
    last: int
    uploads: int            # that the inbox has
    state: str              # trusted | aside | unknown
    how: str                # first | import | owner | earlier: why it is that

    @property
    def name(self) -> str:
        """What the owner can compare with a label: the serial, else the hardware address."""
        if self.mac == NONE:
            return "everything stored before suntap 0.2"
        return self.serial or self.mac or self.address or "an unnamed sender"


@dataclass(frozen=True, slots=True)
class Aside:
    """A device or an upload that the owner can set aside by itself, or did, or that could not be taken in."""

    id: int
    text: str
    reason: str = ""
    time: int | None = None     # of an upload's capture, UTC seconds


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the page shows."""

    senders: list[Sender]
    devices: list[Aside]        # that count
    devices_aside: list[Aside]
    newest: list[Aside]         # uploads
    uploads_aside: list[Aside]


def overview(inbox: sqlite3.Connection, store: sqlite3.Connection, newest: int) -> Overview:
    """Senders, devices, what is set aside, and the `newest` uploads."""
    aside = uploads_aside(inbox, store)
    known = {one.id for one in aside}
    devices = [Aside(number, f"{KINDS.get(kind, kind)} {serial}") for number, kind, serial in store.execute(
        "SELECT id, kind, serial FROM counted_device ORDER BY kind, serial LIMIT ?", (MAX_LISTED,))]
    uploads = [Aside(number, f"{len(one.body)} bytes from {one.source}", time=one.captured_us // 1_000_000)
               for number, one in inbox_uploads.newest(inbox, newest) if number not in known]
    return Overview(listing(inbox, store), devices, devices_aside(store), uploads, aside)


def question(inbox: sqlite3.Connection, store: sqlite3.Connection) -> list[Sender]:
    """The senders about which the owner has to say a word. Reads two small tables."""
    return [one for one in _all(inbox, store, {}) if one.state == UNKNOWN]


def address_of(inbox: sqlite3.Connection, serial: str) -> str:
    """The hardware address of the newest trusted sender with this supervisor's serial; "" if none is known."""
    found = [one for one in trust.senders(inbox) if one.trusted and one.serial == serial and one.mac != NONE]
    return max(found, key=lambda one: one.last_us).mac if found else ""


def listing(inbox: sqlite3.Connection, store: sqlite3.Connection) -> list[Sender]:
    """All senders: those that count first, the newest of each first."""
    found = _all(inbox, store, trust.uploads_of(inbox))
    return sorted(found, key=lambda one: (one.state != TRUSTED, one.state != UNKNOWN, -one.last))


def _all(inbox: sqlite3.Connection, store: sqlite3.Connection, stored: dict[int, int]) -> list[Sender]:
    decided = {tuple(row[:3]): row[3] for row in
               store.execute("SELECT mac, serial, side, decision FROM known_sender WHERE decision <> ''")}
    found = []
    for one in trust.senders(inbox):
        decision = decided.get(one.key)
        found.append(Sender(one.id, one.mac, one.serial, one.address, one.side == trust.ROUTER,
                            one.first_us // 1_000_000, one.last_us // 1_000_000, stored.get(one.id, 0),
                            decision or one.state, trust.OWNER if decision else one.how))
    return found


def devices_aside(store: sqlite3.Connection) -> list[Aside]:
    """The devices that the owner set aside."""
    return [Aside(number, f"{KINDS.get(kind, kind)} {serial}") for number, kind, serial in store.execute(
        "SELECT id, kind, serial FROM device WHERE aside = 1 ORDER BY kind, serial LIMIT ?", (MAX_LISTED,))]


def uploads_aside(inbox: sqlite3.Connection, store: sqlite3.Connection) -> list[Aside]:
    """The single uploads that are set aside, as far as the inbox still has them, newest first."""
    found = []
    for sha256, reason in store.execute("SELECT sha256, reason FROM upload_aside ORDER BY created DESC LIMIT ?",
                                        (MAX_LISTED,)):
        row = inbox_uploads.find(inbox, sha256)
        if row is not None:
            found.append(Aside(row[0], f"from {row[1]}", reason, row[2] // 1_000_000))
    return found


def not_taken_in(store: sqlite3.Connection) -> int:
    """How many uploads were left out because they could not be taken in."""
    return int(store.execute("SELECT count(*) FROM upload_aside WHERE reason <> ''").fetchone()[0])
