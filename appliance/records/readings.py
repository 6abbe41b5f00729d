"""The readings: what a device said of one moment.

All of them have number, UTC time, serial, part (the set number of 131 and 141, else 0), model, and the two values the
ledger lives on: energy_dwh (lifetime counter) and power_dw (a sample). The other values are read from `fields` (as
sent, the number first, so fields[n] is the f-n of protocol.md) when they are asked for.
"""
from typing import NamedTuple

from appliance.records.values import parse_decimal


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

    def value(self, field: int, places: int) -> int | None:
        """Field `field` times 10**places; None where it is absent or no number."""
        return parse_decimal(self.fields[field], places) if field < len(self.fields) else None

    def text(self, field: int) -> str:
        """Field `field`, empty where it is absent."""
        return self.fields[field] if field < len(self.fields) else ""


class Status(Reading):
    """120: how the PVS is."""

    __slots__ = ()

    errors = property(lambda self: self.value(3, 0))
    communication_errors = property(lambda self: self.value(4, 0))
    skipped_scans = property(lambda self: self.value(5, 0))
    scan_time_s = property(lambda self: self.value(6, 0))
    untransmitted = property(lambda self: self.value(7, 0), doc="data points that wait in its flash")
    uptime_s = property(lambda self: self.value(8, 0))
    cpu_load_e2 = property(lambda self: self.value(9, 2), doc="hundredths")
    memory_used_kb = property(lambda self: self.value(10, 0))
    flash_free_kb = property(lambda self: self.value(11, 0))


class Supervisor(Reading):
    """122: what the PVS is; `model` is its hardware."""

    __slots__ = ()

    firmware = property(lambda self: self.text(4))
    software = property(lambda self: self.text(5))
    description = property(lambda self: self.text(6))
    generation = property(lambda self: self.text(7))


class Inverter(Reading):
    """130: energy_dwh is the AC energy since it was made."""

    __slots__ = ()

    ac_mv = property(lambda self: self.value(7, 3))
    ac_ma = property(lambda self: self.value(8, 3))
    dc_dw = property(lambda self: self.value(9, 4))
    dc_mv = property(lambda self: self.value(10, 3))
    dc_ma = property(lambda self: self.value(11, 3))
    heat_sink_mc = property(lambda self: self.value(12, 3), doc="0.001 degrees Celsius")
    mhz = property(lambda self: self.value(13, 3))
    status = property(lambda self: self.text(14))


class InverterExtra(Reading):
    """131: vendor values, set number `part`."""

    __slots__ = ()

    values = property(lambda self: self.fields[5:])


class Meter(Reading):
    """140: energy_dwh is net, it runs both ways and may be negative."""

    __slots__ = ()

    ct_rating_a = property(lambda self: self.value(4, 0))
    reactive_dvar = property(lambda self: self.value(7, 4))
    apparent_dva = property(lambda self: self.value(8, 4))
    power_factor_e4 = property(lambda self: self.value(9, 4), doc="ten-thousandths")
    mhz = property(lambda self: self.value(10, 3))
    status = property(lambda self: self.text(11))


class MeterExtra(Reading):
    """141: per leg, set number `part`."""

    __slots__ = ()

    i1_ma = property(lambda self: self.value(5, 3))
    i2_ma = property(lambda self: self.value(6, 3))
    v1_mv = property(lambda self: self.value(7, 3))
    v2_mv = property(lambda self: self.value(8, 3))
    p1_dw = property(lambda self: self.value(9, 4))
    p2_dw = property(lambda self: self.value(10, 4))
    to_grid_dwh = property(lambda self: self.value(11, 4))
