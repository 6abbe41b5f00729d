"""Serial numbers → rows of table device, while a batch is taken in; and which PVSs are one roof's."""
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from appliance.ledger.calendar import EARLIEST
from appliance.ledger.dirty_days import COUNTED, mark_all_stale
from appliance.ledger.roles import role
from appliance.records import storable

MAX_DEVICES = 2000          # serial numbers are the wire's: more than that are not stored, and counted;
MAX_OF_SENDER = 500         # nor more than so many that one sender named first: a flood leaves room for the others
HANDOVER_S = 3600           # for so long a PVS and the one that takes its place may both be heard
BY_SENDERS = 2              # device.aside: all its readings are of senders that are set aside


@dataclass(slots=True)
class DeviceRow:
    """A row of table device. Times are 0 until a record with a plausible clock was seen."""

    id: int
    model: str
    first_seen: int
    last_seen: int
    model_time: int
    pvs: str
    pvs_time: int
    sender: int
    aside: int
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """A device that counts energy: its role, the number of the record with its counter, the PVS of its roof (the first
    of those that took each other's place), its full power."""

    id: int
    role: str
    number: int
    pvs: str
    full_w: int


def counting(store: sqlite3.Connection) -> list[Device]:
    """The devices that count energy, in an order that does not depend on who came first."""
    roofs = successions(store.execute("SELECT serial, first_seen, last_seen FROM counted_device WHERE kind = 'pvs'"))
    return [Device(number, role(kind, serial, model), COUNTED[kind], roofs.get(pvs, pvs), full_w)
            for number, kind, serial, model, pvs, full_w in store.execute(
                "SELECT id, kind, serial, model, pvs, full_w FROM counted_device"
                " WHERE kind IN ('inverter', 'meter') ORDER BY kind, serial")]


def successions(spans: Iterable[tuple[str, int, int]]) -> dict[str, str]:
    """PVS → the first one of its roof, from (serial, first and last time it was heard). One that comes when another has
    gone for good took its place: the inverters that it names were on the other one's roof before."""
    roofs: dict[str, str] = {}
    ends: dict[str, int] = {}           # of each roof's newest PVS
    for first, serial, last in sorted((first, serial, last) for serial, first, last in spans if first):
        gone = [(end, roof) for roof, end in ends.items() if end <= first + HANDOVER_S]
        roofs[serial] = roof = max(gone)[1] if gone else serial
        ends[roof] = max(last, ends.get(roof, 0))
    return roofs


class Devices:
    """All devices, by (kind, serial). find() is called for each line; write() puts what changed into the database."""

    def __init__(self, store: sqlite3.Connection) -> None:
        self.store = store
        self.known = {(kind, serial): DeviceRow(*row) for kind, serial, *row in store.execute(
            "SELECT kind, serial, id, model, first_seen, last_seen, model_time, pvs, pvs_time, sender, aside"
            " FROM device")}
        self.sender = 0     # whose lines are read now: a row of table sender
        self.before = {key: (role(*key, device.model), device.pvs) for key, device in self.known.items()}
        self.roofs_before = self._roofs()

    def find(self, kind: str, serial: str, model: str, time: int, latest: int, pvs: str = "") -> int | None:
        """The id of a device, made if it is new; None when there are too many. Its record time counts as seen if it
        lies between EARLIEST and `latest`. `pvs`: the serial in the upload's first line, storable."""
        device = self.known.get((kind, serial))
        if device is not None and not device.aside and (
                not model or model == device.model) and (not pvs or pvs == device.pvs):
            if device.first_seen <= time <= device.last_seen:
                if (not model or time <= device.model_time) and (not pvs or time <= device.pvs_time):
                    return device.id        # tells nothing new
            elif device.first_seen and device.last_seen < time <= latest:       # that it is still there, as most do
                device.last_seen, device.changed = time, True
                if model and time > device.model_time:
                    device.model_time = time
                if pvs and time > device.pvs_time:
                    device.pvs_time = time
                return device.id
        if device is None:
            serial = storable(serial)
            device = self.known.get((kind, serial)) or self._new(kind, serial)
            if device is None:
                return None
        if device.aside == BY_SENDERS:
            device.aside, device.changed = 0, True      # another sender speaks of it
        if EARLIEST <= time <= latest:
            if time > device.last_seen:
                device.last_seen = time
                device.changed = True
            if time < device.first_seen or not device.first_seen:
                device.first_seen = time
                device.changed = True
        if model and model != device.model and time <= latest:
            model = storable(model[:64])
            if (time, model) > (device.model_time, device.model):
                device.model, device.model_time = model, time
                device.changed = True
        elif model and device.model_time < time <= latest:
            device.model_time = time
            device.changed = True
        if pvs and EARLIEST <= time <= latest and (time, pvs) > (device.pvs_time, device.pvs):
            device.pvs, device.pvs_time = pvs, time
            device.changed = True
        return device.id

    def write(self) -> None:
        """Put changes into the database. A device whose role, PVS or roof changed makes every day stale."""
        changed = {key: device for key, device in self.known.items() if device.changed}
        self.store.executemany(
            "UPDATE device SET model = ?, first_seen = ?, last_seen = ?, model_time = ?, pvs = ?, pvs_time = ?,"
            " aside = ? WHERE id = ?",
            [(device.model, device.first_seen, device.last_seen, device.model_time, device.pvs, device.pvs_time,
              device.aside, device.id) for device in changed.values()])
        if any(key in self.before and key[0] in COUNTED and self.before[key] != (role(*key, device.model), device.pvs)
               for key, device in changed.items()) or self.roofs_before != self._roofs():
            mark_all_stale(self.store)
            self.store.execute("DELETE FROM roof_day WHERE pvs NOT IN"      # nobody derives these again
                               " (SELECT pvs FROM device WHERE kind IN ('inverter', 'meter'))")

    def _roofs(self) -> dict[str, str]:
        return {serial: roof for serial, roof in successions(
            (serial, device.first_seen, device.last_seen) for (kind, serial), device in self.known.items()
            if kind == "pvs" and not device.aside).items() if roof != serial}

    def _new(self, kind: str, serial: str) -> DeviceRow | None:
        named = sum(device.sender == self.sender for device in self.known.values())
        if len(self.known) >= MAX_DEVICES or named >= MAX_OF_SENDER:
            return None
        row = self.store.execute("INSERT INTO device (kind, serial, first_seen, last_seen, sender)"
                                 " VALUES (?, ?, 0, 0, ?)", (kind, serial, self.sender))
        device = self.known[kind, serial] = DeviceRow(row.lastrowid or 0, "", 0, 0, 0, "", 0, self.sender, 0)
        return device
