"""An invented roof for the page's tests and pictures: uploads as a PVS sends them, taken in by the real ledger.

The numbers are simple on purpose: a sun from 06:00 to 18:00 local time, a household with two meals, sixteen inverters
of which some may be weak or dead. What the page must say about it can be computed from the counters.
"""
import math
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance import settings, store
from appliance.store import inbox
from appliance.supervisor import pipeline
from spcore.uploads import Upload

STEP = 300
LATE = 280          # seconds from a record's time to its capture
PEAK_W = 5200
SERIALS = [f"4140500000{number:05d}" for number in range(1, 17)]
PVS, METER = "ZT160000000441C0001", "PVS5M000001c"


def bounds(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """UTC seconds of a local day."""
    first, last = (datetime.combine(day + timedelta(days=more), time(), zone).timestamp() for more in (0, 1))
    return int(first), int(last)


def sunshine(here: datetime) -> float:
    """0..1: how high the invented sun stands, behind some clouds."""
    hour, number = here.hour + here.minute / 60, here.toordinal()
    if not 6 < hour < 18:
        return 0.0
    cloud = 1 - .55 * (math.sin(number * 1.7) ** 2) * (math.sin(hour * 5 + number) ** 2)
    season = .72 + .28 * math.cos((here.timetuple().tm_yday - 172) / 365 * 2 * math.pi)
    return math.sin((hour - 6) / 12 * math.pi) ** 1.5 * cloud * season


def household(here: datetime) -> int:
    """0.1 Wh used in five minutes."""
    hour = here.hour + here.minute / 60
    return int(350 + 900 * math.exp(-((hour - 19) / 2) ** 2) + 500 * math.exp(-((hour - 7.5) / 1.2) ** 2)
               + 60 * math.sin(here.minute))


class Roof:
    """What hangs on one PVS. Change the attributes before days()."""

    def __init__(self, zone: str = "America/Los_Angeles", serials: list[str] = SERIALS, meter: bool = True) -> None:
        self.zone, self.serials, self.meter = ZoneInfo(zone), serials, meter
        self.pvs, self.model, self.firmware = PVS, "AC_Module_Type_C", "1.4.10 Build 10102619"
        self.dead: set[str] = set()         # stop making energy on the last day
        self.weak: set[str] = set()         # make a third of it on the last day
        self.silent: set[str] = set()       # say nothing on the last day
        self.hole: tuple[int, int] | None = None    # seconds from, to: nothing is heard
        self.counters = {serial: 30_000_000 + 7919 * index for index, serial in enumerate(serials)}
        self.net = 25_810_000

    def uploads(self, last: date, count: int, until: float | None = None) -> Iterator[Upload]:
        """Every five minutes of `count` local days up to `last`, the last one only up to `until`."""
        start = bounds(last - timedelta(days=count - 1), self.zone)[0]
        end = min(int(until or 1 << 40), bounds(last, self.zone)[1])
        last_day = bounds(last, self.zone)[0]
        for seconds in range(start, end + 1, STEP):
            lines = self._lines(seconds, seconds > last_day)
            if seconds + LATE <= end and not (self.hole and self.hole[0] <= seconds < self.hole[1]):
                yield upload(seconds + LATE, lines)

    def _lines(self, seconds: int, is_last: bool) -> list[str]:
        """The records at one time; moves the counters."""
        here = datetime.fromtimestamp(seconds - STEP, self.zone)
        at, sun, made = datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%S"), sunshine(here), 0
        backlog = max(0, int(400 * math.sin(seconds / 9e4)))
        lines = [f"100\tSPMS\t10\t{self.pvs}\t{at}",
                 f"120\t{at}\t{self.pvs}\t0\t0\t0\t31\t{backlog}\t2571\t0.00\t8180\t4568"]
        if seconds % 3600 == 0:
            lines.append(f"122\t{at}\t{self.pvs}\tSMSPVS20R1\t{self.firmware}\t2.2.0 build 176\tPV Supervisor\tSMS2.0")
        for index, serial in enumerate(self.serials):
            part = int(sun * PEAK_W / len(self.serials) * 10 / 12 * (1 + .04 * math.sin(index * 2.3)))
            if is_last and serial in self.dead | self.weak | self.silent:
                part = part // 3 if serial in self.weak else 0
            self.counters[serial] += part
            made += part
            if 6 <= here.hour < 18 and not (is_last and serial in self.silent):
                lines.append(f"130\t{at}\t{serial}\t{self.model}\t\t{kwh(self.counters[serial])}\t{part * 12 / 1e4:.4f}"
                             "\t249.03\t0.5752\t0.0995\t56.0065\t1.7445\t28.75\t60.0096\t0")
        if self.meter:
            self.net += household(here) - made
            lines.append(f"140\t{at}\t{METER}\tPVS5M0400c\t100\t{kwh(self.net)[:-2]}\t0\t0\t0\t1\t60\t0")
        return [*lines, "102\tnomAQPq+JV15zemUzITk"]


def kwh(dwh: int) -> str:
    """0.1 Wh as the PVS writes it."""
    whole, rest = divmod(abs(dwh), 10_000)
    return f"{'-' if dwh < 0 else ''}{whole}.{rest:04d}"


def upload(captured: float, lines: list[str]) -> Upload:
    """An upload as captured."""
    return Upload(int(captured * 1e6), "192.0.2.20:49152", "198.51.100.7:80", "/Data/SMS2DataCollector.aspx",
                  ("\n".join(lines) + "\n").encode(), True)


def fill(data_dir: Path, loaded: settings.Settings, uploads: Iterator[Upload], now: float) -> None:
    """Into the inbox, on to slots and outbox, as the supervisor process does it."""
    with closing(inbox.connect(data_dir)) as received, closing(store.connect(data_dir)) as derived:
        inbox.append(received, uploads)
        while (done := pipeline.derive(received, derived, loaded, now)).uploads or done.days:
            pass


def post(data_dir: Path, waiting_from: float = 1 << 40, refused: dict[int, str] | None = None) -> None:
    """As if PVOutput had taken all rows before `waiting_from` but the `refused` ones (time → its words)."""
    with closing(store.connect(data_dir)) as connection, connection:
        connection.execute("UPDATE outbox SET state = 'sent', attempts = 1, sent_at = time + 400 WHERE time < ?",
                           (waiting_from,))
        for seconds, words in (refused or {}).items():
            connection.execute("UPDATE outbox SET state = 'refused', reason = ?, sent_at = NULL WHERE time = ?",
                               (words, seconds))
