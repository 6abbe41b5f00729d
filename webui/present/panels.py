"""The inverters of a month or a year: names and places that the owner gave, energy, share of typical, heat.

A new inverter that took another's place has its name and its place until the owner says otherwise.
"""
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from appliance.history import inverters
from appliance.history.inverters import Replacement
from appliance.settings import Panel
from webui.data import Box

SHADES = (60, 90, 100)      # share of typical in percent from which a panel is drawn one shade stronger


@dataclass(frozen=True)
class Shown:
    """One inverter of a period. `shade`: 0 (not known) to 4; `heir`: the name of the one that took its place; `state`:
    of appliance.history.inverters, of one that needs a look since the local day `since`, else ""."""

    serial: str
    name: str
    model: str
    energy_dwh: int | None
    share: int | None
    shade: int
    row: int = 0
    column: int = 0
    heir: str = ""
    state: str = ""
    since: str = ""


def given(box: Box) -> dict[str, Panel]:
    """What the owner said of each inverter, by serial; heirs included."""
    said = {panel.serial: panel for panel in box.settings().site.panel}
    for change in inverters.replacements(box.store()):
        if change.old in said and change.new not in said:
            said[change.new] = said[change.old]._replace(serial=change.new)
    return said


def called(box: Box) -> dict[str, str]:
    """The short name of every inverter that was ever read, by serial."""
    return names(given(box), inverters.known(box.store()))


def present(box: Box) -> list[str]:
    """The serials of the inverters that no other one replaced."""
    gone = {one.old for one in inverters.replacements(box.store())}
    return [serial for serial in inverters.known(box.store()) if serial not in gone]


def names(said: Mapping[str, Panel], serials: list[str]) -> dict[str, str]:
    """A short name for each serial: the owner's, else the end in which they differ."""
    shared = shared_beginning(serials) if len(serials) > 1 else 0
    return {serial: (said[serial].name if serial in said else "") or short_serial(serial, shared) for serial in serials}


def shared_beginning(texts: list[str]) -> int:
    """How many signs at their beginning all texts have in common."""
    return next((at for at, signs in enumerate(zip(*texts, strict=False)) if len(set(signs)) > 1), min(map(len, texts)))


def short_serial(serial: str, shared: int) -> str:
    """A serial that fits a small box: without the beginning that all of them share, at least its last four signs."""
    cut = min(shared, len(serial) - 4)
    return serial if cut < 4 or len(serial) <= 10 else f"…{serial[cut:]}"


def period(box: Box, first: date, last: date) -> list[Shown]:
    """The inverters that were read in a period: those that the owner placed from left to right, then by name."""
    said = given(box)
    found = inverters.periods(box.store(), first.isoformat(), last.isoformat())
    short = names(said, inverters.known(box.store()))
    heirs = {one.old: short[one.new] for one in inverters.replacements(box.store()) if one.day <= last.isoformat()}
    shown = [Shown(one.serial, short[one.serial], one.model, one.energy_dwh, one.share_percent,
                   shade(one.share_percent), heir=heirs.get(one.serial, "")) for one in found]
    shown = [replace(one, row=said[one.serial].row, column=said[one.serial].column)
             if one.serial in said and not one.heir else one for one in shown]
    wrong = {one.serial: one for one in inverters.troubles(box.store()) if one.since <= last.isoformat()}
    shown = [replace(one, state=wrong[one.serial].state, since=wrong[one.serial].since)
             if one.serial in wrong and not one.heir else one for one in shown]
    return sorted(shown, key=lambda one: (not one.row, one.row, one.column, one.name))


def shade(share: int | None) -> int:
    """1 to 4 by the share of typical; 0: not known."""
    return 0 if share is None else 1 + sum(share >= least for least in SHADES)


def grid(shown: list[Shown]) -> list[list[Shown | None]]:
    """The roof as rows of cells, without the empty ones around it; empty where nothing was placed."""
    placed = {(one.row, one.column): one for one in shown if one.row}
    if not placed:
        return []
    rows, columns = zip(*placed, strict=True)
    return [[placed.get((row, column)) for column in range(min(columns), max(columns) + 1)]
            for row in range(min(rows), max(rows) + 1)]


def replaced(box: Box, first: date, last: date) -> list[Replacement]:
    """The replacements of a period."""
    return [one for one in inverters.replacements(box.store()) if first.isoformat() <= one.day <= last.isoformat()]
