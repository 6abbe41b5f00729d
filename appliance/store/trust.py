"""Who sent an upload, and what is kept of senders that nobody vouches for. Part of the inbox, within its transactions.

Theory: trust on first use. The first sender that is heard live from the PVS's side is trusted; every other one that
speaks on the wire is unknown until the owner decides. An import is the owner's own doing: its senders are trusted. A
sender is a hardware address, the serial number of the supervisor in its uploads, and the side of the bridge, so that
neither a copied serial nor a copied address alone passes for the PVS.

Invariants: uploads of senders that are not trusted stay in a ring of MAX_RING_ROWS and MAX_RING_BYTES, of which the
sender that fills it most loses its oldest; there are at most MAX_STRANGERS such senders. Whatever they send, a trusted
sender's uploads are stored.
"""
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.records.texts import storable
from appliance.store.bodies import unpack
from appliance.store.database import Connection
from appliance.system.bridge import Side
from spcore.uploads import Upload

CAPTURE, STAND_IN, IMPORT, RESTORE = "capture", "stand-in", "import", "restore"     # how an upload came
TRUSTED, UNKNOWN, ASIDE = "trusted", "unknown", "aside"                             # what a sender is
FIRST, OWNER = "first", "owner"     # why it is that; else: import, or earlier, for what was stored before senders were
NONE = "-"                          # in place of the hardware address of the latter
ROUTER = "router"               # side of the bridge from which no PVS speaks

MAX_RING_ROWS = 20_000          # uploads of senders that are not trusted: a month of a second PVS
MAX_RING_BYTES = 16 << 20       # of their packed bodies
COUNTED_AT = 32                 # the ring is counted when it may have grown by one such part of its bounds
MAX_STRANGERS = 32              # senders that are not trusted; the one with the fewest uploads makes room
MAX_TRUSTED = 64                # senders that are; an import of more than that is refused
MAX_SERIAL = 64
HEARD_US = 900_000_000         # of packet time: so exactly a sender's last upload is told
HEAD_BYTES = 512                # of a body, in which its first line says the supervisor's serial
EARLIER_LOOKS = 200             # uploads of before senders were kept, whose serial a first live sender is held to


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an upload came. `certain`: the side of the bridge was seen, or there is no bridge."""

    via: str
    side: str = ""
    certain: bool = True


IMPORTED = Arrival(IMPORT)


def arrival_from(side: Side, via: str) -> Arrival:
    """The arrival of what was heard on a side of the bridge."""
    return Arrival(via, ROUTER if side is Side.ROUTERS else "", side is not Side.NOT_KNOWN)


@dataclass(slots=True)
class Sender:
    """A row of table sender. Times in microseconds since 1970 UTC."""

    id: int
    mac: str
    serial: str
    side: str
    state: str
    how: str
    first_us: int
    last_us: int
    address: str

    @property
    def trusted(self) -> bool:
        return self.state == TRUSTED

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells senders apart, in every database."""
        return self.mac, self.serial, self.side


COLUMNS = "id, mac, serial, side, state, how, first_us, last_us, address"


def senders(conn: sqlite3.Connection) -> list[Sender]:
    """All senders, in the order in which they were first stored."""
    return [Sender(*row) for row in conn.execute(f"SELECT {COLUMNS} FROM sender ORDER BY id")]


def uploads_of(conn: sqlite3.Connection) -> dict[int, int]:
    """How many uploads the inbox has of each sender."""
    return dict(conn.execute("SELECT sender_id, count(*) FROM upload GROUP BY sender_id").fetchall())


def is_from(upload: Upload, who: str | None) -> bool:
    """Whether an upload is from `who`: an IP or hardware address, or a supervisor's serial. None: from anybody."""
    return who is None or who.lower() in (upload.source_mac, host_of(upload.source)) or who == serial_of(upload.body)


def host_of(endpoint: str) -> str:
    """The address in "ip:port", without an IPv6 address's brackets."""
    return endpoint.rpartition(":")[0].strip("[]")


def serial_of(body: bytes) -> str:
    """The supervisor's serial in the first line of an upload; "" where it does not say."""
    fields = body[:HEAD_BYTES].split(b"\n", 1)[0].rstrip(b"\r").split(b"\t")
    if len(fields) < 4 or fields[0] != b"100":
        return ""
    serial = fields[3].decode("utf-8", "surrogateescape")
    return storable(serial) if len(serial) <= MAX_SERIAL else ""


class Book:
    """The senders while a batch is appended, in the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn
        self.all = {sender.key: sender for sender in senders(conn)}
        self._grown = (0, 0)        # uploads and bytes that were added to the ring
        self._earlier: set[str] | None = None
        self.refused = 0            # uploads of trusted senders beyond MAX_TRUSTED

    def sender(self, upload: Upload, arrival: Arrival, granted: tuple[str, str] | None = None) -> Sender | None:
        """Who sent `upload`; a new sender is stored, trusted or not. None: there are too many.

        `granted`: (state, how) of a sender that a backup brings.
        """
        serial, mac = serial_of(upload.body), upload.source_mac
        found = self.all.get((mac, serial, arrival.side)) or self._same_address(mac, serial, arrival.side)
        if found is None:
            state, how = self._first_word(mac, serial, arrival, granted)
            found = self._new(upload, (mac, serial, arrival.side), state, how)
        elif not found.trusted and found.state == UNKNOWN:
            state, how = self._first_word(mac, found.serial, arrival, granted)
            if state == TRUSTED:
                self._set(found, state, how)
        if found is not None:
            self._heard(found, upload)
        return found

    def added(self, sender: Sender, size: int) -> None:
        """`sender`'s upload is stored in `size` bytes."""
        if not sender.trusted:
            self._grown = self._grown[0] + 1, self._grown[1] + size

    def trim(self) -> int:
        """Bring the ring back to its bounds; how many uploads went.

        Counting reads the whole ring, so that is done once for a part of it: it is cut by so much more.
        """
        slack = MAX_RING_ROWS // COUNTED_AT, MAX_RING_BYTES // COUNTED_AT
        before = self.conn.strangers if isinstance(self.conn, Connection) else None
        rows, size = (more + had for more, had in zip(self._grown, before or (0, 0), strict=True))
        if not self._grown[0] or (before is not None and rows < slack[0] and size < slack[1]):
            self._count_on(None if before is None else (rows, size))
            return 0
        gone = self._cut(MAX_RING_ROWS - slack[0], MAX_RING_BYTES - slack[1])
        self._count_on((0, 0))
        return gone

    def _count_on(self, since: tuple[int, int] | None) -> None:
        """Note what was stored `since` the ring was counted."""
        if isinstance(self.conn, Connection):
            self.conn.strangers = since

    def _cut(self, most_rows: int, most_bytes: int) -> int:
        gone = 0
        while True:
            rings = self.conn.execute(
                "SELECT sender_id, count(*), coalesce(sum(length(body)), 0) FROM upload WHERE sender_id IN"
                " (SELECT id FROM sender WHERE state <> 'trusted') GROUP BY sender_id").fetchall()
            rows = sum(row[1] for row in rings) - most_rows
            size = sum(row[2] for row in rings) - most_bytes
            if rows <= 0 and size <= 0:
                return gone
            fullest = max(rings, key=lambda row: max(row[1] / MAX_RING_ROWS, row[2] / MAX_RING_BYTES))
            mean = max(1, fullest[2] // fullest[1])
            gone += self.conn.execute(
                "DELETE FROM upload WHERE id IN (SELECT id FROM upload WHERE sender_id = ? ORDER BY id LIMIT ?)",
                (fullest[0], max(1, rows, size // mean))).rowcount

    def _first_word(self, mac: str, serial: str, arrival: Arrival,
                    granted: tuple[str, str] | None) -> tuple[str, str]:
        """(state, how) of a sender that nobody decided about yet."""
        if granted:
            return granted
        if arrival.via == IMPORT:
            return TRUSTED, IMPORT
        taken = any(sender.how in (FIRST, OWNER) for sender in self.all.values())
        if taken or arrival.side == ROUTER or not arrival.certain:
            return UNKNOWN, ""
        known = self._earlier_serials()
        return (UNKNOWN, "") if known and serial not in known else (TRUSTED, FIRST)

    def _earlier_serials(self) -> set[str]:
        """Supervisors of uploads that were stored before senders were kept: the history is theirs."""
        if self._earlier is not None:
            return self._earlier
        found = {sender.serial for sender in self.all.values() if sender.mac == NONE}
        for (body,) in self.conn.execute("SELECT body FROM upload WHERE sender_id = 0 ORDER BY id DESC LIMIT ?",
                                         (EARLIER_LOOKS,)):
            try:
                found.add(serial_of(unpack(body)))
            except ValueError:
                continue
        self._earlier = found - {""}
        return self._earlier

    def _same_address(self, mac: str, serial: str, side: str) -> Sender | None:
        """The sender of an upload whose beginning is missing, or the one that such an upload made known."""
        if not mac:
            return None
        if not serial:
            same = [sender for sender in self.all.values() if sender.mac == mac and sender.side == side]
            return max(same, key=lambda sender: (sender.trusted, sender.last_us), default=None)
        unnamed = self.all.pop((mac, "", side), None)
        if unnamed is not None:
            unnamed.serial = serial
            self.all[unnamed.key] = unnamed
            self.conn.execute("UPDATE sender SET serial = ? WHERE id = ?", (serial, unnamed.id))
        return unnamed

    def _new(self, upload: Upload, key: tuple[str, str, str], state: str, how: str) -> Sender | None:
        if state == TRUSTED:
            if sum(sender.trusted for sender in self.all.values()) >= MAX_TRUSTED:
                self.refused += 1
                return None
        else:
            self._make_room()
        when = upload.captured_us
        row = self.conn.execute("INSERT INTO sender (mac, serial, side, state, how, first_us, last_us)"
                                " VALUES (?, ?, ?, ?, ?, ?, ?)", (*key, state, how, when, when))
        sender = self.all[key] = Sender(row.lastrowid or 0, *key, state, how, when, when, "")
        return sender

    def _make_room(self) -> None:
        """Forget the least of the strangers, those on the router's side first, and what it sent."""
        strangers = [sender for sender in self.all.values() if sender.state == UNKNOWN]
        if len(strangers) < MAX_STRANGERS:
            return
        stored = uploads_of(self.conn)
        least = min(strangers, key=lambda sender: (sender.side != ROUTER, stored.get(sender.id, 0), -sender.last_us))
        self.conn.execute("DELETE FROM upload WHERE sender_id = ?", (least.id,))
        self.conn.execute("DELETE FROM sender WHERE id = ?", (least.id,))
        del self.all[least.key]

    def _heard(self, sender: Sender, upload: Upload) -> None:
        address = host_of(upload.source)
        first, last = min(sender.first_us, upload.captured_us), max(sender.last_us, upload.captured_us)
        if last == upload.captured_us and address != sender.address:
            sender.address = address
        elif first == sender.first_us and last - sender.last_us < HEARD_US:
            return                          # the row is not written anew with each upload: an SD card wears
        sender.first_us, sender.last_us = first, last
        self.conn.execute("UPDATE sender SET first_us = ?, last_us = ?, address = ? WHERE id = ?",
                          (first, last, sender.address, sender.id))

    def _set(self, sender: Sender, state: str, how: str) -> None:
        sender.state, sender.how = state, how
        self.conn.execute("UPDATE sender SET state = ?, how = ? WHERE id = ?", (state, how, sender.id))


def addresses(conn: sqlite3.Connection) -> frozenset[str]:
    """Where the trusted senders are, by IP and hardware address: what goes there is no upload."""
    return frozenset(text for row in conn.execute("SELECT mac, address FROM sender WHERE state = 'trusted'")
                     for text in row if text not in ("", NONE))


def stations(conn: sqlite3.Connection) -> frozenset[str]:
    """Hardware addresses of the trusted senders."""
    return frozenset(mac for (mac,) in conn.execute("SELECT mac FROM sender WHERE state = 'trusted'")
                     if mac not in ("", NONE))


def decisions_of(told: object) -> list[tuple[str, str, str, str]]:
    """What a heartbeat says about senders, its shape checked."""
    if not isinstance(told, list):
        return []
    return [(mac, serial, side, state) for entry in told[:MAX_TRUSTED + MAX_STRANGERS]
            if isinstance(entry, list) and len(entry) == 4 and all(isinstance(text, str) for text in entry)
            for mac, serial, side, state in [entry]]


def follow(conn: sqlite3.Connection, decisions: Iterable[tuple[str, str, str, str]]) -> int:
    """Note what the owner decided, (mac, serial, side, state) each; how many senders changed."""
    changed = 0
    for mac, serial, side, state in decisions:
        if state in (TRUSTED, ASIDE):
            changed += conn.execute("UPDATE sender SET state = ?, how = ? WHERE mac = ? AND serial = ? AND side = ?"
                                    " AND state <> ?", (state, OWNER, mac, serial, side, state)).rowcount
    if changed and isinstance(conn, Connection):
        conn.strangers = None       # whole rings came or went
    return changed
