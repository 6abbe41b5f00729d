"""What the owner should know, as sentences: from the ledger's notices and a few facts in state.

Every kind is declared once, in KINDS: how much it matters and what the owner should do.
"""
import json
import sqlite3
from dataclasses import dataclass, field
from datetime import date

from appliance.history import inverters
from appliance.history.senders import not_taken_in
from appliance.ledger import evidence, sign
from appliance.ledger.calendar import CLOCK_OFF_S
from appliance.ledger.calibration import meter_is_gross, net_signs
from appliance.ledger.dirty_days import calendar, settings
from appliance.ledger.intake import HELD, MOVED, UNREADABLE_LINES, UNREADABLE_WORDS
from appliance.store import state
from appliance.store.state import Key

SHOWN_DAYS = 3
TOLD_DAYS = 30              # a replacement is news for so long
SEVERAL = 3                 # lines with an unreadable counter: one or two are a disturbed line
TOGETHER_S = 86400          # two PVSs heard within this time are both there


OK, WARN = "ok", "warn"      # as lamps have them: just so you know; worth a look

KINDS = {
    "restart": (WARN, "Was it replaced or reset? Then all is well. If not, and it happens again, have it looked at."),
    "jump": (WARN, "Compare the device's own display, if it has one. If it happens again, have it looked at."),
    "left out": (WARN, "Diagnostics › Who reports lists them. Please report it, with the debug bundle."),
    "outlier": (OK, "Nothing to do. If it happens every day, something disturbs its line to your SunPower box."),
    "held": (OK, "Nothing to do: the next readings decide, within minutes by day, else in the morning."),
    "clock": (WARN, "If Clock is green, it is the SunPower box's own clock: switch that box off and on. "
                    "If not: is this box online? It gets the time from the internet."),
    "several": (OK, "If one of them is not yours, press “Do not count it” beside it under Diagnostics › Who reports."),
    "malformed": (WARN, "A few do no harm. If the number grows every day, report it with the debug bundle."),
    "unknown": (OK, "Nothing to do: a later version may understand them, and takes them in then."),
    "worn": (WARN, "Save a backup under Settings, then replace the card and restore the backup."),
    "card": (WARN, "Save a backup under Settings. If it happens again, replace the card."),
    "old system": (WARN, "The newest update file renews all of it: Settings › Update. A card that takes none is "
                         "written anew: save a backup under Settings, write the newest image, restore the backup."),
    "earlier card": (OK, "Save a backup under Settings, write the newest card image to the card, restore the backup. "
                         "From then on updates renew the whole."),
    "fixes": (WARN, "The newest update file has them: Settings › Update. A card that takes none is written anew: save "
                    "a backup, write the newest image, restore it. Where you installed suntap yourself, install "
                    "Debian’s updates."),
    "newer": (OK, "Choose Settings › Update to install it, if you wish."),
    "no news": (WARN, "Check the address under Settings › Update, or remove it there."),
    "damage": (WARN, "If it happens again, replace the SD card. A backup brings back what was lost."),
    "sign": (OK, "If “Used” looks wrong, turn the direction of the grid meter under Settings › Site."),
    "turned": (WARN, "Turn the direction of the grid meter under Settings › Site, or have it detected automatically."),
    "unreadable": (WARN, "Please report it, with the debug bundle: suntap counts them once it can read them."),
    "meter": (OK, "If that is wrong, choose what your meter counts under Settings › Site."),
    "rules": (OK, "Nothing to do: suntap posts the new numbers of days that PVOutput still takes, and keeps the old "
                  "history on this box."),
    "dead": (WARN, "If others stopped with it, look whether their breaker is on. If it is the only one, no switch "
                    "helps: give your installer this serial number. Do not climb on the roof."),
    "weak": (WARN, "Look for shade, dirt or a leaf on its panel. If there is none, have the inverter looked at."),
    "silent": (WARN, "Look whether its breaker is on. If so, its line to your SunPower box may be disturbed: switch "
                     "both off and on."),
    "replaced": (OK, "Nothing to do, if you had it replaced."),
    "source": (OK, "If that meter measures something else, choose the sum of the inverters under Settings › Site."),
}

COUNTED_LINES = {               # names of the ledger's counts: what one is called, what several are
    "malformed": ("line of a report could not be read and was", "lines of reports could not be read and were"),
    "damaged uploads": ("report was damaged on the card and was", "reports were damaged on the card and were"),
    "devices beyond the limit": ("line of a device more than suntap can count was",
                                 "lines of devices more than suntap can count were"),
}
UNKNOWN = "unknown "            # before the message number, in the same counts


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence about what is (`text`) and one about what to do (`check`); `kind` is one of KINDS, `state` OK or
    WARN. `time` in UTC seconds and `device` (serial) where it is about one moment or device."""

    kind: str
    text: str
    time: int | None = None
    device: str = ""
    state: str = field(init=False)
    check: str = field(init=False)

    def __post_init__(self) -> None:
        state, check = KINDS[self.kind]
        object.__setattr__(self, "state", state)
        object.__setattr__(self, "check", check)


def collect(conn: sqlite3.Connection, since: str = "") -> list[Notice]:
    """Of the site as a whole first, then day by day from `since` (YYYY-MM-DD) on, newest first."""
    return [*_damage(conn), *_left_out(conn), *_rules_changed(conn), *_clock(conn), *_several(conn), *_lines(conn),
            *_rules(conn), *_inverters(conn), *_devices(conn, since)]


def _devices(conn: sqlite3.Connection, since: str) -> list[Notice]:
    return [Notice(one.kind, _sentence(one), one.time, one.serial) for one in evidence.noted(conn, since)]


def _inverters(conn: sqlite3.Connection) -> list[Notice]:
    """Inverters that need a look, and those that were replaced lately."""
    found, days_of = [], calendar(conn)
    for one in inverters.troubles(conn):
        since = days_of.bounds(one.since)[0]
        days = f"on {day_name(one.days[0])} and {day_name(one.days[-1])}, days with sun"
        expected = f"{kwh(one.expected_dwh)[:-2]} kWh would be usual for it on these two days"
        began = f" It began on {day_name(one.since)}." if one.since < one.days[0] else ""
        found.append(
            Notice("silent", f"Inverter {one.serial} was not heard {days}: {expected}.{began}", since, one.serial)
            if one.state == inverters.SILENT else
            Notice("dead", f"Inverter {one.serial} made next to nothing {days}: {expected}.{began}", since, one.serial)
            if one.state == inverters.DEAD else
            Notice("weak", f"Inverter {one.serial} made only {kwh(one.energy_dwh)[:-2]} kWh {days}: {expected}.{began}",
                   since, one.serial))
    changes = inverters.replacements(conn)
    newest = evidence.newest_day(conn)
    return found + [Notice("replaced", f"Inverter {one.new} took the place of {one.old} on {one.day}.", device=one.new)
                    for one in reversed(changes) if one.day >= inverters.days_before(newest, TOLD_DAYS)]


def _sentence(noted: evidence.Noted) -> str:
    times = f" ({noted.count} times that day)" if noted.count > 1 else ""
    who, low, high = f"{noted.device} {noted.serial}", kwh(noted.before_dwh), kwh(noted.after_dwh)
    return {
        "restart": f"The counter of {who} fell from {low} to {high} kWh and goes on from there: a reset, a replacement "
                   f"or a wrong clock. Nothing is counted for the step{times}.",
        "jump": f"The counter of {who} rose from {low} to {high} kWh at once and stayed: more than it can have made. "
                f"Nothing is counted for the step{times}.",
        "outlier": f"A reading of {who} said {high} kWh between others near {low} kWh: suntap left it out{times}.",
        "held": f"The newest reading of {who} says {high} kWh after {low} kWh: it waits for the next one to tell.",
    }[noted.kind]


def day_name(day: str) -> str:
    """A day YYYY-MM-DD for a sentence: "November 27"."""
    when = date.fromisoformat(day)
    return f"{when:%B} {when.day}"


def kwh(energy_dwh: int) -> str:
    """0.1 Wh as kWh with four decimals."""
    whole, rest = divmod(abs(energy_dwh), 10_000)
    return f"{'-' if energy_dwh < 0 else ''}{whole}.{rest:04d}"


def _damage(conn: sqlite3.Connection) -> list[Notice]:
    texts = [state.get(conn, key) for key in (Key.STORE_NOTE, Key.INBOX_NOTE)]
    return [Notice("damage", text) for text in texts if text]


def _left_out(conn: sqlite3.Connection) -> list[Notice]:
    """Uploads that could not be taken in."""
    count = not_taken_in(conn)
    return [Notice("left out", f"{count:,} report{'s' if count > 1 else ''} of your SunPower box could not be read "
                               f"and {'are' if count > 1 else 'is'} kept aside.")] if count else []


def _rules_changed(conn: sqlite3.Connection) -> list[Notice]:
    """What an update counts otherwise, once every day was derived again."""
    changed = json.loads(state.get(conn, Key.RULES_CHANGED) or "[]")
    if not changed:
        return []
    changed.sort(key=lambda day: -abs((day[2] or 0) - (day[1] or 0)))
    shown = "; ".join(f"{day} {kwh(before or 0)[:-2]} → {kwh(after or 0)[:-2]} kWh"
                      for day, before, after, *_ in changed[:SHOWN_DAYS])
    count = f"{len(changed):,} day{'s' * (len(changed) != 1)}"
    return [Notice("rules", f"This version of suntap counts {count} otherwise than the one before. What your roof "
                            f"made changes most on {shown}.")]


def _clock(conn: sqlite3.Connection) -> list[Notice]:
    captured, ahead = json.loads(state.get(conn, Key.PVS_CLOCK) or "[0, 0]")
    found = []
    if abs(ahead) > CLOCK_OFF_S:
        how = f"{abs(ahead) // 60} minutes {'ahead of' if ahead > 0 else 'behind'}"
        found.append(Notice("clock", f"Your SunPower box's clock was {how} this box's when it last reported.",
                            captured))
    counts = json.loads(state.get(conn, Key.LINES) or "{}")
    if moved := counts.get(MOVED):
        found.append(Notice("clock", f"{moved:,} readings were made while your SunPower box's clock was wrong: they "
                            "are counted at the time at which they were really made."))
    if held := counts.get(HELD):
        found.append(Notice("clock", f"{held:,} readings were made under a wrong clock at a time that cannot be told: "
                            "kept, not counted."))
    if count := evidence.out_of_time(conn):
        found.append(Notice("clock", f"{count} readings claim a time before 2005 or in the future: kept, not counted."))
    return found


def _several(conn: sqlite3.Connection) -> list[Notice]:
    serials = evidence.heard_together(conn, TOGETHER_S)
    if len(serials) < 2:
        return []
    return [Notice("several", f"{len(serials)} SunPower boxes report on this cable ({', '.join(serials)}): "
                              "suntap counts the devices of all of them.")]


def _lines(conn: sqlite3.Connection) -> list[Notice]:
    counts = json.loads(state.get(conn, Key.LINES) or "{}")
    found = [Notice("malformed", f"{counts[name]:,} {several if counts[name] > 1 else one} left out.")
             for name, (one, several) in COUNTED_LINES.items() if counts.get(name)]
    if (bad := counts.get(UNREADABLE_LINES, 0)) >= SEVERAL:
        found.append(Notice("unreadable", f"{bad:,} lines of reports had a counter that is no number: suntap did "
                                          "not count them. The "
                            f"newest: {' '.join(counts[UNREADABLE_WORDS][1].split())}."))
    if unknown := sorted(name.removeprefix(UNKNOWN) for name in counts if name.startswith(UNKNOWN)):
        found.append(Notice("unknown", "Your SunPower box sends kinds of lines that this version does not know. "
                                       f"suntap keeps them: {', '.join(unknown)}."))
    return found


def _rules(conn: sqlite3.Connection) -> list[Notice]:
    """How consumption and production come about, once there is anything to tell."""
    found = []
    seen, wanted = evidence.evidence(conn), settings(conn)
    if seen.has_net_meter:
        gross = meter_is_gross(conn)
        found.append(Notice("meter", sign.kind_reason(wanted["meter"], gross)))
        if not gross:
            chosen = wanted["net_sign"], seen.against_plus_dwh, seen.against_minus_dwh
            if sign.is_doubted(*chosen):
                found.append(Notice("turned", "“Used”, “Bought” and “Sold” are probably wrong: the grid meter seems to "
                                    "count the other way than the settings say."))
            newest, turns = net_signs(conn)
            why = sign.turned_reason(newest, turns) if turns else sign.reason(*chosen)
            found.append(Notice("sign", f"Your use is worked out as: solar made + grid bought − grid sold. {why}"))
    if seen.has_production_meter:
        found.append(Notice("source", "What your roof makes is read from its own meter (the production meter) "
                                      "wherever that has readings."))
    return found
