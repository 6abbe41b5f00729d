"""disorder.pcap and cooked.pcapng: all mischief at once, with lost segments, on Ethernet and on a cooked
capture.

VLANs, PPPoE, IPv4 and IPv6, fragments, wrap, probes, resets, chunked bodies, ports used again, connections older
than the capture. The .records files hold what must come out: the lines of whole uploads, and the certain lines of
those with a hole.
"""
from pathlib import Path

from appliance.simulate import pcapfile
from appliance.simulate.packets import Link
from tests.traffic.storm import storm


def make(folder: Path) -> None:
    """Write the files into `folder`."""
    ethernet = storm(131, 12, link=Link.ETHERNET, lose=0.06)
    pcapfile.write(folder / "disorder.pcap", ethernet.frames, ethernet.link, big_endian=True)
    cooked = storm(40, 8, link=Link.SLL2, lose=0.06)
    pcapfile.write_pcapng(folder / "cooked.pcapng", cooked.frames, cooked.link, nanoseconds=True)
    for stem, capture in (("disorder", ethernet), ("cooked", cooked)):
        capture.truth.save_records(folder / f"{stem}.records")
        capture.truth.save(folder / f"{stem}.truth.json")


if __name__ == "__main__":
    make(Path(__file__).parent)
