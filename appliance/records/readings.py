"""The readings: what a device said of one moment.

All of them have number, UTC time, serial, part (the set number of 131 and 141, else 0), model, and the two values the
ledger lives on: energy_dwh (lifetime counter) and power_dw (a sample). The other values stay text: `fields` is the line
as sent, the number first, so fields[n] is the fn of the classes below. The store keeps those after the serial.
"""
from typing import NamedTuple


class Reading(NamedTuple):
    """What all readings have. (A named tuple: a backlog is a million of them, and it is made three times as fast as a
    frozen dataclass.)"""

    number: int
    time: int
    serial: str
    part: int
    model: str
    energy_dwh: int | None
    power_dw: int | None
    fields: list[str]


class Status(Reading):
    """120: how the PVS is. f3 errors, f4 communication errors, f5 skipped scans, f6 scan time s, f7 data points that
    wait in its flash, f8 uptime s, f9 CPU load, f10 memory used kB, f11 flash free kB."""

    __slots__ = ()


class Supervisor(Reading):
    """122: what the PVS is; `model` is its hardware. f4 firmware, f5 software, f6 description, f7 generation."""

    __slots__ = ()


class Inverter(Reading):
    """130: energy_dwh is the AC energy since it was made. f5 energy kWh, f6 power kW, f7 AC V, f8 AC A, f9 DC kW,
    f10 DC V, f11 DC A, f12 heat sink in degrees Celsius, f13 Hz, f14 status."""

    __slots__ = ()


class InverterExtra(Reading):
    """131: vendor values, set number `part`: f5 and all behind it."""

    __slots__ = ()


class Meter(Reading):
    """140: energy_dwh is net, it runs both ways and may be negative. f4 rating of the current transformers A, f5 energy
    kWh, f6 power kW, f7 reactive kvar, f8 apparent kVA, f9 power factor, f10 Hz, f11 status."""

    __slots__ = ()


class MeterExtra(Reading):
    """141: per leg, set number `part`. f5 and f6 A, f7 and f8 V, f9 and f10 kW, f11 energy to the grid kWh."""

    __slots__ = ()
