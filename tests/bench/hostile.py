"""Shapes of traffic that make a careless reassembler slow: the core's time per packet on each, beside the plain one.

Every shape carries PVS uploads; how many the core finds is shown too. Beside it the whole processes, start-up and the
printing of JSON included, which weighs more here than in the reference capture: nearly every packet is the PVS's. Where
half is lost, the order of a whole capture is, or 100,000 streams are open (libnids keeps 1,040), peers are quick:
they find next to nothing.
"""
import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median

from appliance.simulate import pcapfile, uploads
from appliance.simulate.packets import Host
from appliance.simulate.traffic import START_US, Conversation, Frames, Mischief
from spcore.engine import Engine
from spcore.source import open_file
from tests.bench.measure import run
from tests.bench.programs import Program, compiled

SERVER = Host("203.0.113.10", 80)
STREAMS = 100_000
STEP_US = 40                             # between frames whose order was changed
SERIAL = "ZT160000000441C0001"

Shape = Callable[[], tuple[Frames, int]]


def post(seed: int, lines: int) -> uploads.Post:
    """An upload of about 100 bytes a line."""
    rng = random.Random(f"hostile {seed}")
    made = [["130", "20260509160000", f"4140500000{line:05}", "AC_Module_Type_C", "",
             *(f"{rng.randrange(10**6) / 10**4:.4f}" for _ in range(9)), "0"] for line in range(lines)]
    return uploads.post(uploads.body(made, SERIAL, START_US // 1_000_000, rng))


def talk(number: int, mss: int = 560) -> Conversation:
    """A connection of its own address and port."""
    client = Host(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", 1024 + number % 60_000)
    return Conversation(client, SERVER, start_us=START_US + number * 20_000_000, seed=f"hostile {number}", mss=mss)


def paced(frames: Iterable[tuple[int, bytes]]) -> Frames:
    """The frames in this order, with ascending times."""
    return [(START_US + number * STEP_US, frame) for number, (_, frame) in enumerate(frames)]


def ordinary(count: int, lines: int = 1000, mss: int = 560, mischief: Mischief | None = None) -> Iterator[Conversation]:
    """Connections with one large upload each, as after an outage."""
    for number in range(count):
        made = talk(number, mss)
        made.post(post(number, lines), mischief or Mischief())
        made.close()
        yield made


def together(talks: Iterable[Conversation]) -> Frames:
    """Connections side by side: the first frame of each, then the second of each, and so on."""
    runs = [made.frames for made in talks]
    ranks = range(max(map(len, runs)))
    return paced(frame for rank in ranks for frames in runs for frame in frames[rank:rank + 1])


def flights(count: int, mss: int, lines: int, order: Callable[[list[int]], None]) -> Frames:
    """Connections whose segments come in `order`, within a window's worth of each other."""
    frames: Frames = []
    for number in range(count):
        made = talk(number, mss)
        start, end = made.write(post(number, lines).wire)
        window = min(28_000, 900 * mss)
        for flight in range(start, end, window):
            starts = list(range(flight, min(end, flight + window), mss))
            order(starts)
            for at in starts:
                made.transmit(at, min(end, at + mss))
            made.acknowledge()
        made.close()
        frames += made.frames
    return frames


def plain() -> tuple[Frames, int]:
    """In order."""
    return [frame for made in ordinary(580) for frame in made.frames], 580


def reversed_flights() -> tuple[Frames, int]:
    """Every window of every connection backwards."""
    return flights(850, 560, 1000, lambda starts: starts.reverse()), 850


def shuffled_flights() -> tuple[Frames, int]:
    """Every window of every connection in random order."""
    return flights(850, 560, 1000, random.Random("shuffled").shuffle), 850


def reversed_capture() -> tuple[Frames, int]:
    """The whole file backwards: FIN first, SYN last."""
    return paced(reversed(plain()[0])), 580


def shuffled_capture() -> tuple[Frames, int]:
    """The whole file in random order."""
    frames = plain()[0]
    random.Random("capture").shuffle(frames)
    return paced(frames), 580


def duplicated() -> tuple[Frames, int]:
    """Every frame twice."""
    return [frame for made in ordinary(300) for frame in made.frames for _ in range(2)], 300


def one_byte() -> tuple[Frames, int]:
    """One byte in each segment."""
    return [frame for made in ordinary(25, 50, 1) for frame in made.frames], 25


def one_byte_shuffled() -> tuple[Frames, int]:
    """One byte in each segment, in random order."""
    return flights(35, 1, 50, random.Random("one byte").shuffle), 35


def fragmented() -> tuple[Frames, int]:
    """Every segment in shuffled IP fragments."""
    return [frame for made in ordinary(160, mischief=Mischief(fragment=1.0)) for frame in made.frames], 160


def fragmented_together() -> tuple[Frames, int]:
    """800 connections side by side, all in fragments: as many datagrams in reassembly at once."""
    return together(ordinary(800, 100, mischief=Mischief(fragment=1.0))), 800


def one_byte_gaps() -> tuple[Frames, int]:
    """One byte in each segment, every second one first: as many pieces in the queue as it can have."""
    return flights(35, 1, 50, lambda starts: starts.sort(key=lambda at: (at + 1) % 2)), 35


def half_lost() -> tuple[Frames, int]:
    """Every second segment was never captured."""
    return [frame for made in ordinary(800, mischief=Mischief(lose=0.5)) for frame in made.frames], 800


def many_streams() -> tuple[Frames, int]:
    """100,000 connections at once: all their SYNs, then all their requests, then all their ends."""
    return together(ordinary(STREAMS, 2)), STREAMS


SHAPES: dict[str, Shape] = {
    "plain": plain, "flights reversed": reversed_flights, "flights shuffled": shuffled_flights,
    "every frame twice": duplicated, "one-byte segments": one_byte, "one-byte, shuffled": one_byte_shuffled,
    "one-byte, gaps first": one_byte_gaps, "all in IP fragments": fragmented,
    "800 in fragments at once": fragmented_together, "100,000 streams at once": many_streams,
    "half of it lost": half_lost, "capture backwards": reversed_capture, "capture shuffled": shuffled_capture,
}
COMPLETE = list(SHAPES)[:10]             # shapes that lose nothing: every upload must be found


def capture(build: Path, name: str) -> tuple[Path, int, int]:
    """The file of a shape, made when it is missing; its packets and uploads."""
    path = build / f"hostile-{name.replace(' ', '-').replace(',', '')}.pcap"
    facts = path.with_suffix(".json")
    if not facts.exists():
        frames, count = SHAPES[name]()
        facts.write_text(json.dumps([pcapfile.write(path, frames), count]))
    packets, count = json.loads(facts.read_text())
    return path, packets, count


def core(path: Path) -> tuple[float, int]:
    """One pass of reader and core over a file, in this process: CPU seconds and uploads found, whole or not."""
    with open_file(str(path)) as source:
        engine, found = Engine(), 0
        start = time.process_time()
        for some in source.run(engine):
            found += len(some)
        found += len(engine.finish())
        return time.process_time() - start, found


def show(build: Path, rounds: int) -> bool:
    """Print the table; whether nothing was lost where nothing had to be."""
    build.mkdir(parents=True, exist_ok=True)
    peers = [name for name in ("nids", "tins") if compiled(name, build / "peers")]
    print(f"\nhostile shapes, ns of CPU per packet\n{'':72}whole processes\n"
          f"{'shape':<26}{'packets':>10}{'uploads':>16}{'core':>9}{'x plain':>9}{'suntap':>9}"
          + "".join(f"{'lib' + name:>9}" for name in peers), flush=True)
    suntap = str(Path(sys.executable).with_name("suntap"))
    ordinary_path, ordinary_packets, _ = capture(build, "plain")
    good = True
    for name in SHAPES:
        path, packets, count = capture(build, name)
        pairs = [(core(path)[0] / packets, core(ordinary_path)[0] / ordinary_packets) for _ in range(rounds)]
        found = core(path)[1]
        good = good and (name not in COMPLETE or found == count)
        ours = Program("suntap", (suntap, "records", "--json", str(path)))
        runs = [run(ours), *(run(Program(peer, (str(build / "peers" / peer), str(path)))) for peer in peers)]
        print(f"{name:<26}{packets:10,}{found:>8}/{count:<7}{median(one for one, _ in pairs) * 1e9:9.0f}"
              f"{median(one / other for one, other in pairs):9.2f}"
              + "".join(f"{one.cpu * 1e9 / packets:9.0f}" for one in runs), flush=True)
    return good
