"""The services of the simulated PVOutput: from request parameters to one line of reply.

Each takes (site, parameters, now) and returns the text of a 200 reply or raises Refusal.
"""
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from appliance.simulate.pvoutput_site import MAX_BATCH, VALUES, Refusal, Row, Site, parse_date

MAX_HISTORY = 288
BATCH_FIELDS = ("d", "t", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12")


def addstatus(site: Site, parameters: dict[str, str], now: float) -> str:
    site.add([parameters], *_flags(parameters), now=now)
    return "OK 200: Added Status"


def addbatchstatus(site: Site, parameters: dict[str, str], now: float) -> str:
    if not parameters.get("data"):
        raise Refusal(400, "Missing date or time")
    texts = parameters["data"].split(";")
    if len(texts) > MAX_BATCH[True]:
        raise Refusal(400, f"Too many statuses [{len(texts)}]")
    if len(texts) > MAX_BATCH[site.system.donor]:
        raise Refusal(403, "Donation Mode")
    rows = []
    for text in texts:
        fields = text.split(",")
        if len(fields) > len(BATCH_FIELDS):
            raise Refusal(400, f"Could not read data [{text}]")
        rows.append(dict(zip(BATCH_FIELDS, fields, strict=False)))
    answers = site.add(rows, *_flags(parameters), now=now)
    return ";".join(f"{day:%Y%m%d},{at:%H:%M},{int(changed)}" for day, at, changed in answers)


def addoutput(site: Site, parameters: dict[str, str], now: float) -> str:
    if "data" in parameters:
        raise Refusal(403, "Donation Mode")      # batches of outputs: not documented enough to imitate
    site.add_output(parameters, now)
    return "OK 200: Added Output"


def deletestatus(site: Site, parameters: dict[str, str], now: float) -> str:
    day = parse_date(parameters.get("d", ""))
    at = _parse_time(parameters["t"]) if parameters.get("t") else None
    if not site.remove(day, at):
        raise Refusal(400, "No status found")
    return "OK 200: Deleted Status"


def getstatus(site: Site, parameters: dict[str, str], now: float) -> str:
    day = parse_date(parameters["d"]) if parameters.get("d") else max(site.days, default=None)
    curve = site.curve(day) if day else {}
    if parameters.get("h") == "1":
        times = sorted(curve, reverse=parameters.get("asc") != "1")
        times = times[:min(_limit(parameters, 30), MAX_HISTORY)]
    else:
        wanted = parameters.get("t") or max(curve, default="")
        times = [wanted] if wanted in curve else []
    if not times or day is None:
        raise Refusal(400, "No status found")
    if parameters.get("h") == "1":
        return ";".join(_history_row(site, day, at, curve) for at in times)
    row = curve[times[0]]
    return ",".join([f"{day:%Y%m%d}", times[0], *(_number(row, name) for name in VALUES[:4]),
                     _per_kw(site, row, "v2"), _number(row, "v5"), _number(row, "v6")])


def _history_row(site: Site, day: date, at: str, curve: dict[str, Row]) -> str:
    """date,time,energy,efficiency,power,average power,normalised,consumed energy and power,degrees,voltage"""
    row = curve[at]
    average = "NaN"
    before = max((when for when in curve if when < at and "v1" in curve[when]), default=None)
    if before is not None and "v1" in row:
        average = str(round((row["v1"] - curve[before]["v1"]) / _hours(before, at)))  # type: ignore[operator]
    return ",".join([
        f"{day:%Y%m%d}", at, _number(row, "v1"), _per_kw(site, row, "v1"), _number(row, "v2"), average,
        _per_kw(site, row, "v2"), *(_number(row, name) for name in VALUES[2:]),
    ])


def _per_kw(site: Site, row: Row, name: str) -> str:
    return f"{row[name] / site.system.size_w:.3f}" if name in row else "NaN"  # type: ignore[operator]


def getoutput(site: Site, parameters: dict[str, str], now: float) -> str:
    """date,generated,efficiency,exported,used,peak power,peak time,condition,min,max,4 import values"""
    newest = parse_date(parameters["dt"]) if parameters.get("dt") else max([*site.days, *site.outputs],
                                                                           default=date.min)
    oldest = parse_date(parameters["df"]) if parameters.get("df") else date.min
    days = sorted({day for day in (*site.days, *site.outputs) if oldest <= day <= newest}, reverse=True)
    rows = []
    for day in days[:_limit(parameters, 50)]:
        output = site.output(day)
        if output:
            generated = int(output.get("g") or 0)
            rows.append(",".join([
                f"{day:%Y%m%d}", str(generated), f"{generated / site.system.size_w:.3f}",
                output.get("e") or "0", output.get("c") or "0", output.get("pp") or "NaN",
                output.get("pt") or "NaN", "Not Sure", *["NaN"] * 6]))
    if not rows:
        raise Refusal(400, "No outputs found")
    return ";".join(rows)


def getsystem(site: Site, parameters: dict[str, str], now: float) -> str:
    """One CSV line; fields that the owner left empty are empty, numeric ones NaN."""
    system = site.system

    def told(name: str, value: object, empty: str = "") -> str:
        return empty if name in system.untold else str(value)

    section = [
        system.name, told("size", system.size_w), told("postcode", "94501"), told("panels", 16),
        told("panels", system.size_w // 16), told("brand", "Brand"), told("inverters", 16), told("inverters", 300),
        told("brand", "Microinverter"), told("orientation", "S"), told("tilt", "20.0", "NaN"), told("shade", "No"),
        told("install", "20160301"), told("place", system.latitude, "NaN"), told("place", system.longitude, "NaN"),
        told("interval", system.interval),
    ]
    for array in range(max(1, system.arrays - 1)):
        section += ["0", "0", "NaN", "NaN"] if system.arrays == 1 else [str(8 + array), "300", "W", "10.0"]
    if parameters.get("tz") == "1":
        section.append(told("zone", system.timezone))
    text = ",".join(section)
    return f"{text};;{int(system.donor)}" if parameters.get("donations") == "1" else text


def _flags(parameters: dict[str, str]) -> tuple[int, bool]:
    c1, net = parameters.get("c1") or "0", parameters.get("n") or "0"
    if c1 not in ("0", "1", "2", "3"):
        raise Refusal(400, f"Could not read c1 [{c1}]")
    return int(c1), net == "1"


def _limit(parameters: dict[str, str], default: int) -> int:
    text = parameters.get("limit") or str(default)
    if not text.isdecimal():
        raise Refusal(400, f"Could not read limit [{text}]")
    return int(text)


def _parse_time(text: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()
    except ValueError:
        raise Refusal(400, f"Could not read time [{text}]") from None


def _hours(start: str, end: str) -> Decimal:
    span: timedelta = datetime.strptime(end, "%H:%M") - datetime.strptime(start, "%H:%M")
    return Decimal(span.seconds) / 3600


def _number(row: Row, name: str) -> str:
    return str(row[name]) if name in row else "NaN"


Service = Callable[[Site, dict[str, str], float], str]
WRITES: dict[str, Service] = {
    "addstatus": addstatus, "addbatchstatus": addbatchstatus,
    "addoutput": addoutput, "deletestatus": deletestatus,
}
READS: dict[str, Service] = {"getsystem": getsystem, "getstatus": getstatus, "getoutput": getoutput}
