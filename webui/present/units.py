"""How numbers are written: exact integers (0.1 Wh, W) to text with a unit. No floats, and `–` for what is not known.

Thousands are set apart as the reader's country does it (reader_locale).
"""
from decimal import ROUND_HALF_UP, Decimal

from webui.present import reader_locale
from webui.present.reader_locale import NARROW

UNKNOWN = "–"
MINUS = "\N{MINUS SIGN}"


def whole(number: int | None) -> str:
    """1 234 567, or 1,234,567."""
    if number is None:
        return UNKNOWN
    text = f"{abs(number):,}".replace(",", reader_locale.now().thousands)
    return f"{MINUS}{text}" if number < 0 else text


def fixed(number: int | None, scale: int, decimals: int) -> str:
    """`number` / 10**`scale` with `decimals` places, rounded half away from zero."""
    if number is None:
        return UNKNOWN
    drop = scale - decimals
    rounded = (abs(number) + 10**drop // 2) // 10**drop if drop > 0 else abs(number) * 10**-drop
    head, tail = divmod(rounded, 10**decimals)
    sign = MINUS if number < 0 and rounded else ""
    return f"{sign}{whole(head)}" + (f".{tail:0{decimals}d}" if decimals else "")


def kwh(dwh: int | None, decimals: int = 1) -> str:
    """0.1 Wh as kWh, without the unit."""
    return fixed(dwh, 4, decimals)


def kwh_sum(dwh: int | None) -> str:
    """0.1 Wh as kWh, for what grows over years: whole from 100 kWh on, and a first day is not 0 before."""
    return kwh(dwh, 0 if dwh is not None and abs(dwh) >= 10**6 else 1)


def watts(value: int | None) -> str:
    """W, without the unit."""
    return whole(value)


def percent(part: int | None, of: int | None) -> str:
    """`part` as whole percent of `of`; not known where it cannot be one."""
    if part is None or not of or not 0 <= part <= of:  # more than all of it: one of the two is wrong
        return UNKNOWN
    return f"{(part * 200 + of) // (2 * of)}{NARROW}%"


def size(count: int | None) -> str:
    """Bytes in kB, MB, GB."""
    if count is None:
        return UNKNOWN
    for scale, unit in ((9, "GB"), (6, "MB"), (3, "kB")):
        if count >= 10**scale:
            return f"{fixed(count, scale, 1)}{NARROW}{unit}"
    return f"{whole(count)}{NARROW}B"


def temperature(celsius: float | None) -> str:
    """A temperature in whole degrees, in °F too where people think in it."""
    if celsius is None:
        return ""
    text = f"{celsius:.0f}{NARROW}°C"
    return f"{text} ({celsius * 9 / 5 + 32:.0f}{NARROW}°F)" if reader_locale.now().fahrenheit else text


def money(amount: Decimal | None) -> str:
    """An amount in the owner's currency, to the hundredth; with its sign where the country has one of its own."""
    if amount is None:
        return UNKNOWN
    cents = int((abs(amount) * 100).to_integral_value(ROUND_HALF_UP))
    sign = MINUS if amount < 0 and cents else ""
    return f"{sign}{reader_locale.now().currency}{fixed(cents, 2, 2)}"
