"""Uploads in capture files of every container, and what a file gives when it is read."""
import gzip
import struct
from pathlib import Path

from appliance.simulate.packets import Link, Wire
from spcore.engine import Engine
from spcore.filereader import OpenFile, feed
from spcore.source import open_files
from spcore.uploads import Upload
from tests.spcore.tcp import Talk, post
from tests.traffic import containers
from tests.traffic.containers import MODIFIED, NANOSECONDS, OLD_PACKET, Interface, Packet, Section

BODY = b"130\t20260509220000\t1\n" * 20


def packets(link: Link = Link.ETHERNET, count: int = 3, first: int = 0) -> list[Packet]:
    """Uploads of one connection each; times are whole microseconds that every resolution here can hold."""
    found: list[Packet] = []
    for number in range(first, first + count):
        talk = Talk(port=2000 + number, wire=Wire(link), at=1_778_342_400_000_000 + number * 10_000_000)
        talk.spacing = 15_625                   # 2**-6 seconds: exact in binary and in decimal
        stream = post(BODY + b"131\t%d\n" % number)
        found += [(time * 1000, int(link), frame) for time, frame in talk.open().whole(stream).fin(len(stream)).frames]
    return found


def section(of: list[Packet], **options: object) -> Section:
    """One section with one interface for each link type."""
    interface = {key: options.pop(key) for key in ("snaplen", "resolution", "offset", "fcs") if key in options}
    links = sorted({link for _, link, _ in of}) or [1]
    made = Section([Interface(link, **interface) for link in links], **options)  # type: ignore[arg-type]
    made.packets = [(links.index(link), time, frame) for time, link, frame in of]
    return made


def read(*paths: Path | str) -> list[Upload]:
    engine = Engine()
    with open_files([str(path) for path in paths]) as source:
        found = [upload for batch in source.run(engine) for upload in batch]
    return found + engine.finish()


def read_bytes(data: bytes, folder: Path) -> list[Upload]:
    (folder / "capture").write_bytes(data)
    return read(folder / "capture")


def fed(of: list[Packet]) -> list[Upload]:
    """The same without any file."""
    engine, found = Engine(), []
    for time, link, frame in of:
        found += engine.feed([(time // 1000, frame)], link)
    return found + engine.finish()


CONTAINERS = {
    "pcap": containers.pcap, "big endian": lambda of: containers.pcap(of, big=True),
    "nanoseconds": lambda of: containers.pcap(of, magic=NANOSECONDS),
    "nanoseconds, big endian": lambda of: containers.pcap(of, magic=NANOSECONDS, big=True),
    "modified": lambda of: containers.pcap(of, magic=MODIFIED),
    "modified, big endian": lambda of: containers.pcap(of, magic=MODIFIED, big=True),
    "FCS": lambda of: containers.pcap(of, fcs=4), "version 2.3": lambda of: containers.pcap(of, version=(2, 3)),
    "pcapng": lambda of: section(of).written(), "pcapng, big endian": lambda of: section(of, big=True).written(),
    "old packet blocks": lambda of: section(of, kind=OLD_PACKET).written(),
    "unknown blocks": lambda of: section(of, junk=True).written(),
    "unknown blocks, big endian": lambda of: section(of, junk=True, big=True).written(),
    "options of packets": lambda of: section(of, options=struct.pack("<HHIHH", 2, 4, 0, 0, 0)).written(),
    "FCS in pcapng": lambda of: section(of, fcs=4).written(),
    **{f"resolution {value}": lambda of, value=value: section(of, resolution=value).written()
       for value in (0x80 | 7, 6, 7, 9, 0x80 | 6, 0x80 | 20, 0x80 | 32)},
    "picoseconds and an offset": lambda of: section(of, resolution=12, offset=1_778_342_000).written(),
    "offset": lambda of: section(of, offset=1_700_000_000).written(),
    "negative offset": lambda of: section(of, offset=-3600, resolution=9).written(),
    "two sections": lambda of: section(of[:40], big=True).written() + section(of[40:], resolution=9).written(),
    "a section in between": lambda of: section([]).written() + section(of).written() + section([], big=True).written(),
}


def cut_reading(data: bytes) -> tuple[list[Upload], bool]:
    """What a file of these bytes gives, and whether it was found damaged."""
    got = iter([data])
    engine = Engine()
    try:
        file = OpenFile("x", -1, lambda most: next(got, b""), step=max(len(data), 1))
    except Exception:
        return [], True
    over = False
    while not over:
        _, over = feed([file], engine)
    return engine.take_uploads() + engine.finish(), bool(file.problem)


def ring(folder: Path, parts: list[list[Packet]], kinds: list[str]) -> list[Path]:
    """The parts as files of these kinds in turn, every fifth one packed."""
    paths = []
    for number, part in enumerate(parts):
        path = folder / f"ring_{number:05}"
        data = CONTAINERS[kinds[number % len(kinds)]](part)
        path.write_bytes(gzip.compress(data, 1) if number % 5 == 4 else data)
        paths.append(path)
    return paths
