"""Earlier years: days of before suntap, from PVOutput's daily outputs or from a CSV of days such as SunPower's export.

These days are another program's word. They are kept in a table of their own (earlier_day), shown beside what was
measured and marked as such, and are part of nothing else: no slot, no sum of measured days, no post, no comparison.
Where suntap measured a day, the imported one is not shown.

Two forms are read:
- PVOutput's daily outputs, as getoutput.jsp answers and its pages export: lines (or parts between ";") that begin with
  yyyymmdd and the energy made in Wh; the fifth field is the energy used.
- CSV with a line of titles. A column is known by its title: one with a date ("date", "day", "period", "time"), one of
  the energy made ("production", "produced", "generated", "generation", "solar"), perhaps one of the energy used
  ("consumption", "consumed", "used", "usage", "use"). "(Wh)" or "_wh" in the title means Wh, everything else kWh. Dates
  are YYYY-MM-DD, YYYYMMDD, DD.MM.YYYY, or with slashes in American order, unless a number above 12 says otherwise; of a
  span ("05/09/2020 - 05/10/2020") the first one counts. A column of power, or of what was sold, is no energy made.

Numbers become integers of 0.1 Wh exactly; more digits are rounded half up.
"""
import csv
import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from appliance.errors import USAGE, SuntapError
from appliance.store import transaction

MAX_DAYS = 15_000               # 41 years
MAX_BYTES = 1_000_000           # of a file
MAX_LINE = 4000
MAX_SOURCE = 60
MOST_DWH = 10**8                # of a day: 10 MWh
FIRST_DAY = date(2000, 1, 1)
UNMEASURED = ("earlier_day AS one WHERE NOT EXISTS"
              " (SELECT 1 FROM site_day WHERE site_day.day = one.day AND slots > 0)")

OUTPUT = re.compile(r"(\d{8}),(\d{1,9})(?:,[^,]*,[^,]*,(\d{0,9}))?(?:,.*)?", re.ASCII)
DATE_TITLES = ("date", "day", "period", "time", "timestamp", "month")
MADE_TITLES = ("production", "produced", "generated", "generation", "solar")
USED_TITLES = ("consumption", "consumed", "used", "usage", "use")
NEITHER = ("sent", "sold", "export", "exported", "import", "imported", "purchased", "bought", "grid", "peak", "w", "kw",
           "power", "efficiency", "net")
NUMBER = re.compile(r"(\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.(\d{1,12}))?", re.ASCII)
DATES = (re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII), re.compile(r"(\d{4})(\d{2})(\d{2})(?!\d)", re.ASCII))
SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
DOTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)


class EarlierError(SuntapError):
    """The file cannot be read as days. One line: which line, why, what is expected."""

    exit_code = USAGE
    http_status = 400


@dataclass(frozen=True, slots=True)
class EarlierDay:
    """One day as another program counted it; energies in 0.1 Wh, None where not told."""

    day: date
    production_dwh: int
    consumption_dwh: int | None = None
    source: str = ""


def parse(data: bytes, today: date) -> list[EarlierDay]:
    """Return the days in a file, ascending; none can be later than `today`. Raises EarlierError."""
    if len(data) > MAX_BYTES:
        raise EarlierError(f"it is larger than {MAX_BYTES:,} bytes: give days, not hours")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EarlierError("it is no text: save it as CSV (UTF-8)") from error
    lines = [line for part in text.splitlines() for line in part.split(";" if OUTPUT.match(text) else "\n")]
    if max(map(len, lines), default=0) > MAX_LINE:
        raise EarlierError(f"it has a line of more than {MAX_LINE} characters: give a CSV of days")
    found = _outputs(lines) if OUTPUT.match(text) else _table(lines)
    days: dict[date, EarlierDay] = {}
    for number, one in found:
        if one.day in days:
            raise EarlierError(f"line {number}: {one.day} comes twice: give days, not hours")
        if not FIRST_DAY <= one.day <= today:
            raise EarlierError(f"line {number}: {one.day} is before {FIRST_DAY.year} or in the future")
        if max(one.production_dwh, one.consumption_dwh or 0) > MOST_DWH:
            raise EarlierError(f"line {number}: more than a roof makes in a day: are these Wh? Write (Wh) in the title")
        days[one.day] = one
        if len(days) > MAX_DAYS:
            raise EarlierError(f"it has more than {MAX_DAYS:,} days")
    if not days:
        raise EarlierError("it has no days")
    return [days[day] for day in sorted(days)]


def _outputs(lines: Iterable[str]) -> Iterable[tuple[int, EarlierDay]]:
    """PVOutput's daily outputs."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        found = OUTPUT.fullmatch(line.strip())
        if found is None:
            raise EarlierError(f"line {number}: no daily output of PVOutput (yyyymmdd,Wh,...)")
        used = int(found[3]) * 10 if found[3] else None
        yield number, EarlierDay(_date(found[1], number, ""), int(found[2]) * 10, used)


def _table(lines: Sequence[str]) -> Iterable[tuple[int, EarlierDay]]:
    """A CSV with a line of titles, which may come after some lines about the file."""
    separator = max(",;\t", key=lambda sign: max((line.count(sign) for line in lines[:20]), default=0))
    rows = list(enumerate(csv.reader(lines, delimiter=separator), 1))
    start, when, made, used = _titles([row for _, row in rows[:20]])
    titles = rows[start][1]
    dates = [row[when] for _, row in rows[start + 1:] if len(row) > when]
    order = "day" if any(int(found[1]) > 12 for text in dates if (found := SLASHES.match(text.strip()))) else "month"
    for number, row in rows[start + 1:]:
        if len(row) <= max(when, made) or not row[when].strip() or not row[made].strip():
            continue        # a blank line, a sum at the end, a day of which nothing is known
        if not any(sign.isdigit() for sign in row[when]):
            continue
        consumed = row[used].strip() if used is not None and len(row) > used else ""
        yield number, EarlierDay(_date(row[when], number, order), _energy(row[made], titles[made], number),
                                 _energy(consumed, titles[used], number) if consumed and used is not None else None)


def _titles(rows: Sequence[Sequence[str]]) -> tuple[int, int, int, int | None]:
    """(number of the line of titles, column of the date, of the energy made, of the energy used)."""
    for number, row in enumerate(rows):
        words = [re.findall(r"[a-z]+", title.lower()) for title in row]
        when = next((at for at, title in enumerate(words) if set(title) & set(DATE_TITLES)), None)
        made = next((at for at, title in enumerate(words) if at != when and set(title) & set(MADE_TITLES)
                     and not set(title) & {*NEITHER, *USED_TITLES}), None)
        used = next((at for at, title in enumerate(words) if at not in (when, made) and set(title) & set(USED_TITLES)
                     and not set(title) & {*NEITHER, "solar"} - {"power"}), None)
        if when is not None and made is not None:
            return number, when, made, used
    raise EarlierError("it has no line of titles with a date and an energy: such as “Date,Production (kWh),Used (kWh)”")


def _date(text: str, number: int, order: str) -> date:
    text = text.strip()
    try:
        for pattern in DATES:
            if found := pattern.match(text):
                return date(int(found[1]), int(found[2]), int(found[3]))
        if found := SLASHES.match(text):
            first, second = int(found[1]), int(found[2])
            return date(int(found[3]), *((second, first) if order == "day" else (first, second)))
        if found := DOTS.match(text):
            return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        pass
    raise EarlierError(f"line {number}: no date such as 2020-05-09")


def _energy(text: str, title: str, number: int) -> int:
    found = NUMBER.fullmatch(text.strip())
    if found is None:
        raise EarlierError(f"line {number}: no energy such as 12.34")
    value = Decimal(f"{found[1].replace(',', '')}.{found[2] or 0}")
    is_wh = bool(re.search(r"(?<![a-z])wh\b", title.lower()) or title.lower().endswith("_wh"))
    return int((value * (10 if is_wh else 10_000)).to_integral_value(ROUND_HALF_UP))


def keep(conn: sqlite3.Connection, days: Iterable[EarlierDay], source: str) -> int:
    """Write days; one that was imported before is replaced. Returns how many there are now. Raises StoreError."""
    name = "".join(sign for sign in source if sign.isprintable())[:MAX_SOURCE]
    with transaction(conn):
        conn.executemany("INSERT OR REPLACE INTO earlier_day VALUES (?, ?, ?, ?)",
                         [(one.day.isoformat(), name, one.production_dwh, one.consumption_dwh) for one in days])
    return int(conn.execute("SELECT count(*) FROM earlier_day").fetchone()[0])


def forget(conn: sqlite3.Connection) -> int:
    """Remove all imported days. Returns how many there were."""
    return conn.execute("DELETE FROM earlier_day").rowcount


def days(conn: sqlite3.Connection, first: str = "", last: str = "~") -> list[EarlierDay]:
    """The imported days in a range of local days of which suntap measured nothing, ascending."""
    return [EarlierDay(date.fromisoformat(day), made, used, source) for day, made, used, source in conn.execute(
        f"SELECT day, production_dwh, consumption_dwh, source FROM {UNMEASURED} AND day BETWEEN ? AND ? ORDER BY day",
        (first, last))]


def sources(conn: sqlite3.Connection) -> list[str]:
    """Where those days are from, by name."""
    return [source for (source,) in conn.execute(
        f"SELECT DISTINCT source FROM {UNMEASURED} AND source <> '' ORDER BY source")]
