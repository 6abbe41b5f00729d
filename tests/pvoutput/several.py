"""A box whose three inverters are posted to three systems of one key."""
from datetime import UTC, date, datetime

from appliance import ledger
from appliance.pvoutput import outbox_rows
from appliance.store import inbox
from spcore.uploads import Upload
from tests.pvoutput.support import Box, midnight

DAY, EVE = "2026-05-09", "2026-05-08"
SERIALS = ("414050000000001", "414050000000002", "414050000000003")


def lines(at: int, counters: dict[str, int]) -> bytes:
    """An upload with a counter for each serial."""
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y%m%d%H%M%S")
    text = f"100\tSPMS\t10\tZT160000000441C0001\t{stamp}\n"
    for serial, dwh in counters.items():
        text += (f"130\t{stamp}\t{serial}\tAC_Module\t\t{dwh // 10000}.{dwh % 10000:04d}\t0.1\t24{serial[-1]}.5"
                 f"\t0.5\t0.1\t56\t1.7\t3{serial[-1]}.25\t60.01\t0\n")
    return (text + "102\tnomAQPq+JV15zemUzITk\n").encode()


def record(box: Box, day: str, first: int, last: int) -> None:
    """The uploads of a day's slots, each inverter with a power of its own, taken in as the recorder does."""
    captured = inbox.connect(box.folder)
    start, days = midnight(day), date.fromisoformat(day).toordinal()
    uploads = []
    for at in range(first, last):
        counters = {serial: 10_000_000 + (days % 1000) * 100_000 + (at - first) * 100 * number
                    for number, serial in enumerate(SERIALS, 1)}
        time = start + at * 300
        uploads.append(Upload((time + 60) * 1_000_000, "192.0.2.50:40000", "192.0.2.1:80",
                              "/Data/SMS2DataCollector.aspx", lines(time, counters), True))
    inbox.append(captured, uploads)
    done = ledger.ingest(captured, box.store, box.settings.site)
    outbox_rows.refresh(box.store, box.settings, done.days, box.clock.time())
    captured.close()


def curve(box: Box, system_id: str, day: str) -> dict[str, dict[str, int]]:
    """What the system holds of a day."""
    site = box.server.site_of(system_id)
    assert site is not None
    return {at: {name: int(value) for name, value in row.items()} for at, row in site.curve(
        date.fromisoformat(day)).items()}
