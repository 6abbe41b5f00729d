"""Uploads made of record lines, a box that takes them in, and all that a box has derived from them, comparable."""
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance import ledger, store
from appliance.health import notices
from appliance.settings import Site
from appliance.store import inbox
from spcore.uploads import Upload

PVS = "ZT160000000441C0001"
NET, PRODUCTION = "PVS5M000001c", "PVS5M000001p"
DATA = "/Data/SMS2DataCollector.aspx"
NOON = 1_778_353_200                    # 2026-05-09 12:00 in Los Angeles
SECOND = "414050000000002"      # another inverter
HOUR = 3600
LA = Site(timezone="America/Los_Angeles")

Line = list[str]


def stamp(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y%m%d%H%M%S")


def kwh(energy_dwh: int, decimals: int = 4) -> str:
    """0.1 Wh as the wire writes it, digits beyond cut off."""
    cut = abs(energy_dwh) // 10 ** (4 - decimals)
    digits = f"{cut:0{decimals + 1}}"
    return f"{'-' if energy_dwh < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


def inverter(time: int, energy: int | str, serial: str = "414050000000001", power: str = "0.1") -> Line:
    """A 130 line; `energy` in 0.1 Wh, or the text of the field."""
    text = energy if isinstance(energy, str) else kwh(energy)
    return ["130", stamp(time), serial, "AC_Module_Type_C", "", text, power, "249.03", "0.5752", "0.0995", "56.0065",
            "1.7445", "28.75", "60.0096", "0"]


def meter(time: int, energy: int | str, serial: str = NET, decimals: int = 2) -> Line:
    """A 140 line."""
    text = energy if isinstance(energy, str) else kwh(energy, decimals)
    return ["140", stamp(time), serial, f"PVS5M0400{serial[-1]}", "100", text, "-1.3783", "1.1428", "2.0108", "-0.6878",
            "60.001", "0"]


def run_of(start: int, count: int, energy: int, step: int, serial: str = "414050000000001") -> list[Line]:
    """Lines of an inverter that makes `step` in each of `count` intervals."""
    return [inverter(start + 300 * number, energy + step * number, serial) for number in range(count)]


def household(count: int, made: Callable[[int], int], used: Callable[[int], int], sign: int = 1) -> list[Line]:
    """Lines of an inverter and a net meter, five minutes apart, that make and use so much (0.1 Wh) by each interval."""
    lines, counter, net = [], 1_000_000, 500_000
    for number in range(count):
        if number:
            counter += made(number)
            net += sign * (used(number) - made(number))
        lines += [inverter(NOON + 300 * number, counter), meter(NOON + 300 * number, net)]
    return lines


def upload(lines: Iterable[Line], captured: int, mark: str = "", path: str = DATA, pvs: str = PVS) -> Upload:
    """An upload with these lines; `mark` makes the trailer, and so the upload, another one."""
    every = [["100", "SPMS", "10", pvs, stamp(captured)], *lines, ["102", f"nomAQPq+JV15zemUz{mark}"]]
    body = "".join("\t".join(line) + "\n" for line in every).encode("utf-8", "surrogateescape")
    return Upload(captured * 1_000_000, "192.0.2.20:49152", "198.51.100.7:80", path, body, True)


def folder() -> "tempfile.TemporaryDirectory[str]":
    """A data directory for an example of a property test: in memory where there is such a file system, because an
    example is a hundred transactions."""
    return tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)


class Box:
    """A data directory with both databases open."""

    def __init__(self, data_dir: Path, site: Site = LA) -> None:
        self.data_dir, self.site = data_dir, site
        data_dir.mkdir(parents=True, exist_ok=True)
        self.open()

    def open(self) -> None:
        self.inbox: sqlite3.Connection = inbox.connect(self.data_dir)
        self.store: sqlite3.Connection = store.connect(self.data_dir)

    def close(self) -> None:
        self.inbox.close()
        self.store.close()

    def reopen(self) -> None:
        self.close()
        self.open()

    def deliver(self, *uploads: Upload) -> ledger.Ingested:
        """Append to the inbox and ingest."""
        inbox.append(self.inbox, uploads)
        return ledger.ingest(self.inbox, self.store, self.site)

    def lines(self, *lines: Line, captured: int | None = None) -> ledger.Ingested:
        """Deliver one upload with these lines, captured five minutes after the latest of them."""
        return self.deliver(upload(lines, captured or 300 + max(_time(line) for line in lines)))

    def slots(self) -> list[tuple[Any, ...]]:
        return self.store.execute("SELECT * FROM slot ORDER BY time").fetchall()

    def production(self) -> dict[int, int | None]:
        """Slot time → energy."""
        return dict(self.store.execute("SELECT time, production_dwh FROM slot ORDER BY time").fetchall())

    def consumption(self) -> dict[int, int | None]:
        return dict(self.store.execute("SELECT time, consumption_dwh FROM slot ORDER BY time").fetchall())

    def total(self) -> int:
        """All production there is."""
        return int(self.store.execute("SELECT coalesce(sum(production_dwh), 0) FROM slot").fetchone()[0])

    def kinds(self) -> set[str]:
        """The kinds of notices."""
        return {row[0] for row in self.store.execute("SELECT kind FROM notice")}

    def derived(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything the ledger derives, without what may depend on the order of arrival (numbers of rows)."""
        return {name: self.store.execute(query).fetchall() for name, query in DERIVED.items()}


def texts(box: Box) -> str:
    """All that the owner is told."""
    return " ".join(notice.text for notice in notices.collect(box.store))


DERIVED = {
    "device": "SELECT kind, serial, model, first_seen, last_seen, model_time, pvs, pvs_time, full_w FROM device"
              " ORDER BY kind, serial",
    "reading": "SELECT kind, serial, number, time, part, energy_dwh, power_dw, fields FROM reading"
               " JOIN device ON device = id ORDER BY kind, serial, number, time, part",
    "slot": "SELECT * FROM slot ORDER BY time",
    "device_day": "SELECT kind, serial, day, time, counter_dwh, since, energy_dwh, typical_dwh, steep_w"
                  " FROM device_day JOIN device ON device = id"
                  " ORDER BY kind, serial, day",
    "site_day": "SELECT * FROM site_day ORDER BY day",
    "roof_day": "SELECT * FROM roof_day ORDER BY pvs, day",
    "clocks": "SELECT * FROM late_upload",
    "notice": "SELECT day, device.kind, serial, notice.kind, time, count, before_dwh, after_dwh FROM notice"
              " JOIN device ON device = id ORDER BY day, serial, notice.kind",
    "dirty_day": "SELECT * FROM dirty_day",
    "state": "SELECT key, value FROM state WHERE key IN ('net_sign', 'net_turns', 'horizon', 'lines', 'pvs_clock',"
             " 'derived_with') ORDER BY key",
}


def _time(line: Sequence[str]) -> int:
    return int(datetime.strptime(line[1] + "+0000", "%Y%m%d%H%M%S%z").timestamp())
