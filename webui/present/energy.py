"""What the dashboard, the history and the API say about energy: the store's views, judged for people.

Energies are integers in 0.1 Wh, powers in W, times UTC seconds, days local dates of the site. None means: not known.
"""
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter
from statistics import median

from appliance.history import earlier as imports
from appliance.history import views
from appliance.history import worth as worths
from appliance.history.worth import Worth
from appliance.ledger import cadence
from appliance.ledger.roles import INVERTER, role
from appliance.ledger.slot import Slot
from appliance.settings import prices
from webui.data import Box
from webui.present import localtime

LIVE_SECONDS = 1200     # readings come every 5 minutes and are 5 to 10 minutes old; older than this is not "now"
ASLEEP_SECONDS = 86400  # a night, however long; inverters silent for longer are not asleep
SLEEP_W = 60            # at or below this at the last reading, silent inverters sleep; above, something is wrong
SLEEP_SHARE = 20        # or below 1/20 of the day's peak
DAYLIGHT_SHARE = 4      # where a day before made 1/4 of its peak at this time, it is no time to sleep
DAYS_BEFORE = 3         # the newest of so many that has something at this time tells
WEAK, DEAD = 60, 5      # % of the median inverter's energy: below the one it is shown as weak, up to the other as dead
MIN_JUDGED_DWH = 2000   # median energy of a day from which inverters are compared
REPLACED_SECONDS = 7 * 86400    # a new serial within this time takes a silent one's place
GONE_SECONDS = 14 * 86400   # an inverter silent for longer before a day was taken off the roof
MAX_FINISHED = 40       # years whose worth is remembered

_finished: dict[tuple[str, str, str, str, tuple["Totals", ...]], Worth] = {}


@dataclass(frozen=True)
class Totals:
    """Energy of a day, a month, a year or of all time; `day` is the first local date in it."""

    day: date
    production_dwh: int | None = None
    consumption_dwh: int | None = None
    import_dwh: int | None = None
    export_dwh: int | None = None


ENERGIES = attrgetter("production_dwh", "consumption_dwh", "import_dwh", "export_dwh")


@dataclass(frozen=True)
class Now:
    """The last interval, read at `time`. state: live, old (should be fresher), asleep (inverters at rest),
    none (nothing was ever measured)."""

    state: str
    time: int | None = None
    age_s: int | None = None
    production_w: int | None = None
    consumption_w: int | None = None
    net_w: int | None = None
    heard_age_s: int | None = None
    live_s: int = LIVE_SECONDS      # of the site's cadence: what is older is not "now"

    @property
    def fresh(self) -> bool:
        """May the meter's values be called now? At night it goes on while the inverters sleep."""
        return self.age_s is not None and self.age_s <= self.live_s


@dataclass(frozen=True)
class Inverter:
    """One inverter on one day. verdict: ok, weak, dead, gone (not one reading), quiet (too early to say), replaced
    (another serial, `heir`, came in its place by the end of the day), new (came on this day, in another's place)."""

    id: int
    serial: str
    model: str
    energy_dwh: int | None
    share: int | None
    last_seen: int
    counter_dwh: int | None
    curve: list[tuple[int, int | None]]
    verdict: str
    heir: str = ""


def now(box: Box) -> Now:
    """The last interval, and whether it may be called now."""
    newest = views.latest(box.store())
    heard = max((seconds for seconds in (newest.heartbeat, newest.time) if seconds is not None), default=None)
    heard_age = None if heard is None else max(0, int(box.now() - heard))
    slots = views.day(box.store(), newest.day) if newest.day else []
    made = next((slot for slot in reversed(slots) if slot.production_dwh is not None), None)
    used = next((slot for slot in reversed(slots) if slot.net_dwh is not None), None)
    last = max((slot for slot in (made, used) if slot), key=lambda slot: slot.time, default=None)
    if last is None or newest.time is None:
        return Now("none", heard_age_s=heard_age)
    taken = min(newest.time, last.time + box.slot_seconds())
    age, live_s = max(0, int(box.now() - taken)), cadence.live_s(box.store())
    peak = max((slot.production_w or 0 for slot in slots if not slot.hole), default=0)
    power = (made.production_w or 0) if made else 0
    state = _state(age, last is made, power, peak, box.now() - newest.time, heard_age or 0, live_s)
    if state == "asleep" and _is_daylight(box):
        state = "old"
    if last.hole and last.seconds > live_s:     # the mean over hours is not the power now
        return Now(state, taken, age, heard_age_s=heard_age, live_s=live_s)
    return Now(state, taken, age, last.production_w, last.consumption_w, last.net_w, heard_age,
               live_s)


def _state(age: int, producing: bool, power: int, peak: int, silent: float, heard_age: int,
           live_s: int) -> str:
    """live: inverters report. asleep: they stopped at low power and the PVS still talks. Else old."""
    if producing and age <= live_s:
        return "live"
    at_rest = power <= max(SLEEP_W, peak // SLEEP_SHARE) and silent < ASLEEP_SECONDS
    return "asleep" if at_rest and heard_age <= LIVE_SECONDS else "old"


def _is_daylight(box: Box) -> bool:
    """Whether the newest day before that has something at this time made much then."""
    for days in range(1, DAYS_BEFORE + 1):
        then = int(box.now() - timedelta(days=days).total_seconds())
        slots = views.day(box.store(), localtime.today(then, box.zone()).isoformat())
        power = next((slot.production_w for slot in slots if slot.time <= then < slot.time + slot.seconds
                      and not slot.hole), None)
        if power is not None:
            return power > SLEEP_W and DAYLIGHT_SHARE * power >= max(slot.production_w or 0 for slot in slots)
    return False


def days(box: Box, first: date, last: date) -> dict[date, Totals]:
    """Totals of each local day in the range of which something is known."""
    return {found.day: found for found in map(_totals, views.days(box.store(), first.isoformat(), last.isoformat()))}


def months(box: Box, year: int) -> dict[int, Totals]:
    """Totals of each month of a year of which something is known."""
    return by_month(list(days(box, date(year, 1, 1), date(year, 12, 31)).values()))


def by_month(days: Sequence[Totals]) -> dict[int, Totals]:
    """Totals of each month of one year's days."""
    return _grouped(days, lambda day: day.month)


def years(box: Box, known: Sequence[Totals] | None = None) -> dict[int, Totals]:
    """Totals of each year of which something is known; `known`: all days, where they were read already."""
    return _grouped(all_days(box) if known is None else known, lambda day: day.year)


def worth(box: Box, days: Iterable[Totals]) -> Worth:
    """How much of these days' energy stayed at home, and what that was worth at the owner's prices; `days`: all that is
    known between the first and the last of them. A year that is over is worked out once."""
    here = localtime.today(box.now(), box.zone()).year
    site = box.settings().site
    known: list[Worth] = []
    for year, part in groupby(days, key=lambda day: day.day.year):
        of_year = tuple(part)
        key = (str(box.data_dir), site.timezone, site.buy, site.sell, of_year)
        found = _finished.get(key) if year < here else None
        if found is None:
            found = worths.of(of_year, prices.parse(site.buy), prices.parse(site.sell), worths.by_hour(box.store()))
            if year < here:
                if len(_finished) >= MAX_FINISHED:
                    _finished.clear()
                _finished[key] = found
        known.append(found)
    return worths.together(known)


def all_days(box: Box) -> list[Totals]:
    """Totals of every local day of which something is known."""
    return [_totals(day) for day in views.days(box.store())]


def earlier(box: Box) -> list[Totals]:
    """The imported days of which suntap measured nothing, ascending: another program's numbers."""
    return [Totals(one.day, one.production_dwh, one.consumption_dwh) for one in imports.days(box.store())]


def sources(box: Box) -> list[str]:
    """Where the imported days are from."""
    return imports.sources(box.store())


def _grouped(found: Sequence[Totals], part: Callable[[date], int]) -> dict[int, Totals]:
    groups: dict[int, list[Totals]] = {}
    for totals in found:
        groups.setdefault(part(totals.day), []).append(totals)
    return {number: total(parts) for number, parts in groups.items()}


def _totals(day: views.Day) -> Totals:
    return Totals(date.fromisoformat(day.day), day.production_dwh, day.consumption_dwh, day.import_dwh, day.export_dwh)


def total(parts: Sequence[Totals]) -> Totals:
    """The sum of totals; what is not known in any of them stays unknown."""
    def add(column: Iterable[int | None]) -> int | None:
        known = [number for number in column if number is not None]
        return sum(known) if known else None
    if not parts:
        return Totals(date.min)
    return Totals(parts[0].day, *map(add, zip(*map(ENERGIES, parts), strict=True)))


def span(box: Box) -> tuple[date, date] | None:
    """First and last local day of the history, None while there is none."""
    known = views.lifetime(box.store())
    if known.first_day is None or known.last_day is None:
        return None
    return date.fromisoformat(known.first_day), date.fromisoformat(known.last_day)


def best_days(box: Box, count: int, known: Sequence[Totals] | None = None) -> list[Totals]:
    """The days of most production, best first; `known`: all days, where they were read already."""
    made = [day for day in (all_days(box) if known is None else known) if day.production_dwh]
    return sorted(made, key=lambda found: (-(found.production_dwh or 0), found.day))[:count]


def lifetime_dwh(box: Box) -> int | None:
    """All that the roof ever made: what the inverters had counted when suntap first heard of them, and every day since.

    Not the sum of today's counters: that falls when an inverter's counter starts again from zero.
    """
    before, since = views.counted_before(box.store()), views.lifetime(box.store()).production_dwh
    return None if before is None and since is None else (before or 0) + (since or 0)


def inverters(box: Box, day: date) -> list[Inverter]:
    """The inverters that were on the roof on a day, by serial."""
    start, end = localtime.day_bounds(day, box.zone())
    devices = [device for device in views.devices(box.store(), day.isoformat())
               if role(device.kind, device.serial, device.model) == INVERTER
               and device.last_seen >= start - GONE_SECONDS and device.first_seen < end]
    heirs = _heirs(devices, end)
    known = [device.day_dwh for device in devices if device.day_dwh is not None and device.id not in heirs
             and device.first_seen < start]
    known = known or [device.day_dwh for device in devices if device.day_dwh is not None]
    middle = int(median(known)) if known else 0
    newcomers = {heir.id for heir in heirs.values() if heir.first_seen >= start}
    steps = views.device_steps(box.store(), [device.id for device in devices], day.isoformat())
    step_s = cadence.learned(box.store())
    curves = {device: _curve(found, step_s) for device, found in steps.items()}
    return [_inverter(device, middle, curves.get(device.id, []), heirs.get(device.id), device.id in newcomers)
            for device in devices]


def _inverter(device: views.Device, middle: int, curve: list[tuple[int, int | None]], heir: views.Device | None,
              is_new: bool) -> Inverter:
    energy = device.day_dwh
    share = None if energy is None or not middle or heir or is_new else (energy * 200 + middle) // (2 * middle)
    verdict = "replaced" if heir else "new" if is_new and energy is not None else _verdict(energy, share, middle)
    return Inverter(device.id, device.serial, device.model, energy, share, device.last_seen, device.counter_dwh,
                    curve, verdict, heir.serial if heir else "")


def _curve(steps: Sequence[views.Step], cadence_s: int) -> list[tuple[int, int | None]]:
    """(time, W) of each step; None where a time without readings begins, so that no line is drawn through it."""
    found: list[tuple[int, int | None]] = []
    for step in steps:
        if step.seconds > 4 * cadence_s and found:
            found.append((step.time - step.seconds, None))
        found.append((step.time, step.power_w))
    return found


def _heirs(devices: Sequence[views.Device], end: int) -> dict[int, views.Device]:
    """Inverters that fell silent and the new serial that took each one's place before `end`: device → heir."""
    newcomers = sorted((device for device in devices if device.day_dwh is not None),
                       key=lambda device: device.first_seen)
    found: dict[int, views.Device] = {}
    for gone in sorted((device for device in devices if device.last_seen < end), key=lambda device: device.last_seen):
        next_in = bisect_right(newcomers, gone.last_seen, key=lambda device: device.first_seen)
        if next_in < len(newcomers) and newcomers[next_in].first_seen <= min(gone.last_seen + REPLACED_SECONDS, end):
            found[gone.id] = newcomers.pop(next_in)
    return found


def _verdict(energy: int | None, share: int | None, middle: int) -> str:
    if middle < MIN_JUDGED_DWH:
        return "quiet"
    if energy is None or share is None:
        return "gone"
    return "dead" if share <= DEAD else "weak" if share < WEAK else "ok"


def slots(box: Box, day: date) -> list[Slot]:
    """The slots of a local day of which something is known, in order of time."""
    return views.day(box.store(), day.isoformat())
