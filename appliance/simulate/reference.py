"""The reference capture of the benchmark: 16 days of one PVS inside ten times as much of its home's traffic.

    python -m appliance.simulate.reference FILE.pcap        # the truth goes to FILE.json beside it

Always the same bytes: PACKETS frames, of which those from and to 192.168.1.50 are PVS_PACKETS, with UPLOADS uploads
in seven segments each, exactly EXACT of which were captured whole. The PVS's connections reorder, repeat, overlap and
fragment, start near the end of the sequence space, send keep-alive probes, chunk their bodies, carry a second upload
out of the flash; the other uploads lost segments. Capture order is time order.
"""
import argparse
import itertools
import random
from collections.abc import Iterator
from pathlib import Path

from appliance.simulate import pcapfile, truth, uploads
from appliance.simulate.home import Home
from appliance.simulate.packets import Host
from appliance.simulate.roof import INTERVAL, PVS_SERIAL, Roof
from appliance.simulate.traffic import START_US, Conversation, Frames, Mischief
from appliance.simulate.uploads import Post

PACKETS = 1_000_044
PVS_PACKETS = 90_899
DAYS = 16
UPLOADS = 4_788
EXACT = 4_735
CONNECTIONS = DAYS * 86_400 // INTERVAL  # one an interval; the uploads beyond are a connection's second
INVERTERS = 22                           # makes bodies of about 3.2 kB: six segments, and one for the headers
ADDRESS, COLLECTOR = "192.168.1.50", "203.0.113.10"
MSS = 560
HOUR_US = 3_600_000_000

USUAL = Mischief(reorder=0.01, duplicate=0.005, retransmit=0.005, overlap=0.005, fragment=0.005, keepalive=0.02)
LOSSY = Mischief(reorder=0.01, lose=0.2)
CHUNKED, WRAPS = 0.05, 0.02              # chances per connection


def _posts(roof: Roof, number: int, backlog: int | None, rng: random.Random) -> list[Post]:
    """The upload of an interval, with `backlog` the upload of that older interval behind it."""
    made = []
    for interval in (number, backlog):
        if interval is not None:
            sent = roof.start + (number + 2) * INTERVAL
            body = uploads.body(roof.records(roof.start + interval * INTERVAL), PVS_SERIAL, sent, rng)
            made.append(uploads.post(body, chunks=(1024,) if rng.random() < CHUNKED else ()))
    return made


def conversations() -> Iterator[Conversation]:
    """The PVS's connections, in the order in which they begin."""
    rng = random.Random("reference pvs")
    extra = UPLOADS - CONNECTIONS
    roof = Roof(1, INVERTERS, start=START_US // 1_000_000 - extra * INTERVAL)
    late = dict(zip(sorted(rng.sample(range(CONNECTIONS), extra)), range(extra), strict=True))
    lossy = set(rng.sample([number for number in range(CONNECTIONS) if number not in late], UPLOADS - EXACT))
    identifications = itertools.count(1)
    for number in range(CONNECTIONS):
        posts = _posts(roof, extra + number, late.get(number), rng)
        isn = 0xFFFFFFFF - rng.randrange(3000) if rng.random() < WRAPS else None
        start_us = START_US + (number * INTERVAL + rng.randrange(60)) * 1_000_000
        for attempt in itertools.count():
            talk = Conversation(Host(ADDRESS, 32768 + number % 28000, "02:00:5e:00:53:50"),
                                Host(COLLECTOR, 80, "02:00:5e:00:53:01"), start_us=start_us, mss=MSS,
                                seed=f"reference {number} {attempt}", client_isn=isn, identifications=identifications)
            for post in posts:
                talk.post(post, LOSSY if number in lossy else USUAL, cuts=(post.head,))
            talk.close()
            if number not in lossy or talk.truth().broken():
                break
        yield talk


def frames(pvs: list[Frames]) -> Iterator[tuple[int, bytes]]:
    """The PVS's frames filled up to PVS_PACKETS and merged into the home's, PACKETS in all, in the order of time."""
    rng = random.Random("reference home")
    home = Home(rng)
    last = DAYS * 24 - 1
    missing = PVS_PACKETS - sum(map(len, pvs))
    waiting = [frame for talk in pvs for frame in talk]
    for _ in range(missing // 2):
        waiting += home.dns(START_US + rng.randrange(last * HOUR_US), ADDRESS)
    waiting += home.dns(START_US, ADDRESS)[:missing % 2]
    waiting.sort(key=lambda frame: frame[0])
    budget = PACKETS - len(waiting)
    made = given = 0
    for hour in range(last + 1):
        start_us = START_US + hour * HOUR_US
        target = budget * (hour + 1) // (last + 1)
        fresh: Frames = []
        sessions = home.sessions(start_us, HOUR_US)
        while made + len(fresh) < target:
            session = next(sessions)
            fresh += session if made + len(fresh) + len(session) <= budget else home.arp(session[0][0])
        made += len(fresh)
        waiting = sorted([*fresh, *waiting[given:]], key=lambda frame: frame[0])
        given = 0
        while given < len(waiting) and (hour == last or waiting[given][0] < start_us + HOUR_US):
            yield waiting[given]
            given += 1


def write(path: Path) -> int:
    """Write the capture and its truth beside it; returns the number of packets. Raises OSError."""
    talks = list(conversations())
    told = truth.join(talk.truth() for talk in talks)
    told.save(path.with_suffix(".json"))
    return pcapfile.write(path, frames([talk.frames for talk in talks]))


def main() -> None:
    """Write it where the command line says."""
    parser = argparse.ArgumentParser(description="Write the reference capture of the benchmark.")
    parser.add_argument("file", type=Path, help="capture file; its truth goes beside it, as .json")
    chosen = parser.parse_args()
    print(f"{write(chosen.file):,} packets, {chosen.file.stat().st_size / 1e6:,.1f} MB")


if __name__ == "__main__":
    main()
