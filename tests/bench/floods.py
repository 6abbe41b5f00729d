"""Floods: what arrives when somebody wants the capture to choke, and one PVS upload in the middle of it.

    python -m tests.bench.floods [NAME...] [--size N]       each flood in full; a table of peak memory and time

A flood is written into a FIFO while `suntap records` reads it as a child process, so nothing large touches the disk;
the child's peak resident memory is looked up as it runs. The tests run the same floods shorter.
"""
import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import peak_until_end
from tests.spcore.tcp import START_US, Talk, post

LIMIT_MIB = 64
BODY = b"100\tSPMS\n130\t20260509220000\tin the middle of the flood\n102\tx\n"
HEADER = struct.Struct("<IIII")
Frames = Iterator[bytes]


def _ipv4(number: int, payload: bytes, protocol: int = 6, fragment: int = 0x4000, identification: int = 0) -> bytes:
    """A frame from one of 16 million sources to the collector; checksums are nobody's business here."""
    return (bytes(12) + b"\x08\0" + struct.pack("!BBHHHBBHI4s", 0x45, 0, 20 + len(payload), identification & 0xFFFF,
                                               fragment, 64, protocol, 0, 0x0A000000 | number >> 4 & 0xFFFFFF,
                                               b"\xcb\0\x71\x0a") + payload)


def _tcp(number: int, sequence: int, flags: int, payload: bytes = b"", port: int | None = None) -> bytes:
    return struct.pack("!HHIIBBHHH", 1024 + (number & 15) if port is None else port, 80, sequence & 0xFFFFFFFF, 1, 0x50,
                       flags, 29200, 0, 0) + payload


def half_open(size: int) -> Frames:
    """Connections of which only the SYN ever comes."""
    for number in range(size):
        yield _ipv4(number, _tcp(number, number * 7919, 2))


def half_uploads(size: int) -> Frames:
    """Connections that each hold half an upload and say no more."""
    head = post(b"130\t1\n" * 100)[:-30]
    for number in range(size):
        yield _ipv4(number, _tcp(number, 1, 0x10, head))


def first_fragments(size: int) -> Frames:
    """First fragments of datagrams whose last never comes."""
    part = _tcp(0, 1, 0x10, bytes(1460))
    for number in range(size):
        yield _ipv4(number, part, fragment=0x2000, identification=number * 31)


def endless_holes(size: int) -> Frames:
    """Connections that skip every other segment, for ever."""
    for number in range(size):
        flow, step = number & 1023, number >> 10
        yield _ipv4(flow << 4, _tcp(flow, 1 + step * 2800, 0x10, bytes(1400), port=5000))


def tiny_holes(size: int) -> Frames:
    """One byte sent, 4,095 bytes left out: as many pieces as possible."""
    for number in range(size):
        flow, step = number & 255, number >> 8
        yield _ipv4(flow << 4, _tcp(flow, 1 + step * 4096, 0x10, b"x", port=5000))


def gigabyte(size: int) -> Frames:
    """One connection with a hole of one byte at its start and everything behind it."""
    yield _ipv4(16, _tcp(0, 0, 2, port=5000))
    block = bytes(60_000)
    for number in range(size):
        yield _ipv4(16, _tcp(0, 2 + number * len(block), 0x10, block, port=5000))


def tiny_lines(size: int) -> Frames:
    """Uploads of nothing but two-byte lines under the longest path: what grows most on its way out."""
    path = "/" + "\x01" * 480 + "/SMS2DataCollector.aspx"
    stream = post(b"1\n" * 20_000, path=path)
    for number in range(size):
        for at in range(0, len(stream), 60_000):
            yield _ipv4(number, _tcp(number, 1 + at, 0x10, stream[at:at + 60_000]))


FULL: dict[str, tuple[Callable[[int], Frames], int]] = {
    "half_open": (half_open, 1_000_000),
    "half_uploads": (half_uploads, 300_000),
    "first_fragments": (first_fragments, 1_000_000),
    "endless_holes": (endless_holes, 1_000_000),
    "tiny_holes": (tiny_holes, 1_000_000),
    "gigabyte": (gigabyte, 18_000),
    "tiny_lines": (tiny_lines, 5),
}


@dataclass
class Result:
    """How one flood ended."""

    name: str
    size: int
    seconds: float
    peak_mib: float
    found: bool
    counters: dict[str, int]


def _write(path: str, frames: Frames, size: int) -> None:
    """The capture, with the upload spread over the flood's middle third; 20 µs between packets."""
    talk = Talk(port=45_000).open()
    upload = post(BODY)
    for at in range(0, len(upload), 40):
        talk.data(at, upload[at:at + 40])
    insert = {size // 3 + number * max(1, size // 3 // len(talk.frames)): frame
              for number, (_, frame) in enumerate(talk.frames)}
    now = START_US
    with open(path, "wb", buffering=1 << 20) as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for number, frame in enumerate(frames):
            for data in (frame, insert.pop(number, b"")):
                if data:
                    file.write(HEADER.pack(now // 1_000_000, now % 1_000_000, len(data), len(data)) + data)
            now += 20
        for data in insert.values():
            file.write(HEADER.pack(now // 1_000_000, now % 1_000_000, len(data), len(data)) + data)


def flood(name: str, size: int, *options: str) -> Result:
    """Runs one flood of `size` units through `suntap records` and measures the child."""
    frames = FULL[name][0](size)
    with tempfile.TemporaryDirectory() as folder:
        fifo = os.path.join(folder, "flood.pcap")
        os.mkfifo(fifo)
        output = open(os.path.join(folder, "out"), "wb+")  # noqa: SIM115 - closed below, lives as long as the child
        with output, open(os.path.join(folder, "err"), "wb+") as errors:
            start = time.monotonic()
            child = subprocess.Popen([sys.executable, "-m", "appliance.cli", "records", "--stats", *options, fifo],
                                     stdout=output, stderr=errors, cwd=Path(__file__).parents[2])
            writer = threading.Thread(target=_write, args=(fifo, frames, size))
            writer.start()
            peak = peak_until_end(child)
            writer.join()
            seconds = time.monotonic() - start
            output.seek(0)
            found = any(b"in the middle of the flood" in line for line in output)
            errors.seek(0)
            text = errors.read().decode()
    if child.returncode != 0:
        raise RuntimeError(f"{name}: suntap records ended with {child.returncode}: {text}")
    return Result(name, size, seconds, peak / (1 << 20), found, json.loads(text.splitlines()[-1]))


def main() -> int:
    """All floods in full, as a table; exit code 1 when one broke its promise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="*", choices=[*FULL, []], help="which (default: all)")
    parser.add_argument("--size", type=int, help="this many units instead of the full number")
    arguments = parser.parse_args()
    bad = 0
    print(f"{'flood':16} {'units':>9} {'packets':>9} {'seconds':>8} {'peak MiB':>9}  upload")
    for name in arguments.name or FULL:
        result = flood(name, arguments.size or FULL[name][1], "--json")
        broken = result.peak_mib >= LIMIT_MIB or not result.found
        bad += broken
        print(f"{name:16} {result.size:9} {result.counters['packets']:9} {result.seconds:8.1f} {result.peak_mib:9.1f}  "
              f"{'found' if result.found else 'LOST'}{'  <- broken' if broken else ''}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
