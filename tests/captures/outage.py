"""outage.pcap: 46 hours over three local days; the collector hangs, then is gone for a day, then everything
comes late.

Two inverters and a net meter; one inverter is replaced on the second day, while the collector is gone. When
it is back, the box's flash comes in bursts: many intervals in one upload, out of order, some of them twice,
with TCP mischief but without loss, so every interval is in the capture and the day curves must be the
roof's, exactly.
"""
from pathlib import Path

from appliance.simulate import pcapfile
from appliance.simulate.pvs import Pvs
from appliance.simulate.roof import INTERVAL, PRODUCTION_METER, Roof
from appliance.simulate.traffic import Mischief
from appliance.simulate.uploads import Record
from tests.traffic.recording import Recording, State, record

TIMEZONE = "America/Los_Angeles"
BEGIN = 1_778_346_000                    # 2026-05-09 10:00 in Los Angeles
HANGS = BEGIN + 4 * 3600                 # 14:00
GONE = HANGS + 900
BACK = BEGIN + 34 * 3600                 # 2026-05-10 20:00
END = BEGIN + 46 * 3600                  # 2026-05-11 08:00
REPLACED = BEGIN + 25 * 3600             # 2026-05-10 11:00
MISCHIEF = Mischief(reorder=0.1, duplicate=0.03, retransmit=0.03, overlap=0.03, differ=0.03, fragment=0.05)
NEW_SERIAL = "414050000000009999"


class SmallRoof(Roof):
    """Without the meters' secondary lines, to keep the file small."""

    def records(self, time: int, backlog: int = 0) -> list[Record]:
        return [line for line in super().records(time, backlog) if line[0] != "141" and line[2] != PRODUCTION_METER]


def roof() -> Roof:
    """The truth behind the capture; its first record is the capture's first."""
    site = SmallRoof(7, 2, start=BEGIN - INTERVAL)
    site.replace(1, REPLACED, NEW_SERIAL)
    return site


def state(now: float) -> State:
    if HANGS <= now < GONE:
        return "hang"
    return "gone" if GONE <= now < BACK else "up"


def make(folder: Path) -> None:
    """Write the files into `folder`."""
    recording = Recording(seed=7, reuse=12, heartbeats=False, mischief=MISCHIEF, state=state)
    record(Pvs(roof(), recording, BEGIN, seed=7), recording, BEGIN, END)
    pcapfile.write(folder / "outage.pcap", recording.frames(), nanoseconds=True)
    truth = recording.truth()
    truth.save_records(folder / "outage.records")
    truth.save(folder / "outage.truth.json")


if __name__ == "__main__":
    make(Path(__file__).parent)
