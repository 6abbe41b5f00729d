"""History rows → line protocol. Pure; energies go digit by digit from integers of 0.1 Wh to text, through no float.

    suntap_slot,site=home production_wh=120.4,…,seconds=300i,hole=0i 1778353200000
    suntap_day,site=home production_wh=…,import_wh=…,peak_w=…i 1778310000000        (local midnight, in UTC)
    suntap_inverter,site=home,device=4140… energy_wh=…,lifetime_wh=… 1778310000000

Fields are named like the columns of `suntap export`; what is not known is left out. Later lines replace earlier ones
of the same time field by field, so a field that was sent and is not known any more, or whose row is gone, is sent as
0: sums stay right, and `seconds=0i` (`slots=0i`) marks what is no row.

VictoriaMetrics keeps all values of one time. Of those within one second its deduplication, like every query's look
back, takes the latest: so a row's first edition is sent 999 ms before its time, and each later one 1 ms after the one
before.
"""
from collections.abc import Callable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from appliance.history.changes import Change, InverterDay
from appliance.history.export import tenths
from appliance.history.views import Day
from appliance.ledger.slot import Slot

MAX_REVISION = 999          # editions of one row that VictoriaMetrics can tell apart; it takes the largest beyond

Stamp = Callable[[int, int], int]
"""(UTC seconds, revision) → the line's time in ms."""


def exact(seconds: int, revision: int) -> int:
    """For engines that replace what has the same time."""
    return seconds * 1000


def spread(seconds: int, revision: int) -> int:
    """For VictoriaMetrics."""
    return seconds * 1000 - MAX_REVISION + min(revision, MAX_REVISION)


def slot(change: Change, site: str, stamp: Stamp, known: frozenset[str]) -> str:
    """A slot's line. `known`: the energies this site has at all, of production, net and consumption."""
    row = change.row if isinstance(change.row, Slot) else None
    fields = [(f"{name}_wh", tenths(getattr(row, f"{name}_dwh", None)), "0.0") for name in (
        "production", "net", "consumption", "day_production", "day_consumption")]
    fields += [(f"{name}_w", _integer(getattr(row, f"{name}_w", None)), "0i") for name in ("production", "consumption")]
    fields += [("seconds", _integer(row.seconds if row else 0), ""), ("hole", _integer(row.hole if row else 0), "")]
    return _line("suntap_slot", site, "", fields, stamp(change.time, change.revision), change, known)


def day(change: Change, site: str, stamp: Stamp, known: frozenset[str], zone: ZoneInfo) -> str:
    """A local day's line."""
    row = change.row if isinstance(change.row, Day) else None
    fields = [(f"{name}_wh", tenths(getattr(row, f"{name}_dwh", None)), "0.0") for name in (
        "production", "consumption", "import", "export")]
    fields += [("peak_w", _integer(row.peak_w if row else None), "0i")]
    fields += [(name, _integer(getattr(row, name, 0)), "") for name in ("slots", "holes")]
    return _line("suntap_day", site, "", fields, stamp(_midnight(change.day, zone), change.revision), change, known)


def inverter(change: Change, site: str, stamp: Stamp, zone: ZoneInfo) -> str:
    """A line of what one inverter counted on a local day."""
    row = change.row if isinstance(change.row, InverterDay) else None
    fields = [("energy_wh", tenths(row.energy_dwh if row else 0), "")]
    if row:
        fields.append(("lifetime_wh", tenths(row.counter_dwh), ""))
    time = stamp(_midnight(change.day, zone), change.revision)
    return _line("suntap_inverter", site, change.serial, fields, time, change, frozenset())


def _line(name: str, site: str, device: str, fields: Sequence[tuple[str, str, str]], time: int, change: Change,
          known: frozenset[str]) -> str:
    """`fields`: (name, text or "" where it is not known, what takes the place of one that was known before)."""
    again = change.revision > 0 or change.row is None
    shown = [f"{field}={text or instead}" for field, text, instead in fields
             if text or (again and instead and _quantity(field) in known)]
    tags = f"{name},site={tag(site)}" + (f",device={tag(device)}" if device else "")
    return f"{tags} {','.join(shown)} {time}"


def _quantity(field: str) -> str:
    """day_production_wh → production; import and export come with net."""
    name = field.removeprefix("day_").rsplit("_", 1)[0]
    return {"import": "net", "export": "net", "peak": "production"}.get(name, name)


def tag(text: str) -> str:
    """A tag's value: serials come from the wire and may hold anything."""
    safe = "".join(letter if letter.isprintable() and letter != "\\" else "_" for letter in text) or "_"
    return "".join("\\" + letter if letter in ",= " else letter for letter in safe)


def _integer(value: int | None) -> str:
    return "" if value is None else f"{int(value)}i"


def _midnight(day: str, zone: ZoneInfo) -> int:
    return int(datetime.combine(date.fromisoformat(day), datetime.min.time(), zone).timestamp())
