"""plain_day.pcap: a day of a small site in peace: three inverters, no meter, connections kept alive for an hour.

Run it to make the capture, its record lines as sent (.records) and its truth (.truth.json) again, byte for
byte.
"""
from pathlib import Path

from appliance.simulate import pcapfile
from appliance.simulate.pvs import Pvs
from appliance.simulate.roof import INTERVAL, Roof
from tests.traffic.recording import Recording, record

BEGIN = 1_778_310_000                    # 2026-05-09 00:00 in Los Angeles
END = BEGIN + 86400 + 2 * INTERVAL       # the last record of the day is sent after midnight


def roof() -> Roof:
    """The truth behind the capture; its first record is the capture's first."""
    return Roof(1, 3, meters="none", start=BEGIN - INTERVAL)


def make(folder: Path) -> None:
    """Write the files into `folder`."""
    recording = Recording(reuse=12, heartbeats=False)
    record(Pvs(roof(), recording, BEGIN), recording, BEGIN, END)
    pcapfile.write(folder / "plain_day.pcap", recording.frames())
    truth = recording.truth()
    truth.save_records(folder / "plain_day.records")
    truth.save(folder / "plain_day.truth.json")


if __name__ == "__main__":
    make(Path(__file__).parent)
