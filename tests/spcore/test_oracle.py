"""Random mixes of container, ring and wrapping: what suntap reads is what Wireshark reads out of the merged ring.

SUNTAP_MIXES=200 draws more. A mix: some uploads, wrapped as a mirror port wraps them, cut into the files of a ring
(overlapping, given in any order, some with gzip), each file of another format. The oracle is what was sent, and tshark
on what mergecap makes of the files, where it reads them.
"""
import gzip
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.simulate.packets import Link, Wire
from spcore.engine import Engine
from spcore.source import open_files
from tests.bench.exact import of_tshark
from tests.spcore.files import CONTAINERS
from tests.spcore.tcp import Talk, post
from tests.spcore.test_tunnels import LAYERS, PACKET_LAYERS
from tests.traffic import mirrors
from tests.traffic.containers import Packet

MIXES = int(os.environ.get("SUNTAP_MIXES", "12"))
TSHARK = ("tshark", "-n", "-o", "tcp.reassemble_out_of_order:TRUE", "-T", "fields", "-e", "http.file_data",
          "-Y", "http.request.method == POST", "-r")
ONE_LINK = [name for name in CONTAINERS if name not in (       # mergecap cannot merge the others, or not exactly
    "two sections", "a section in between", "version 2.3", "picoseconds and an offset")]
FRAMES = [name for name in LAYERS if name not in ("geneve", "geneve options", "vxlan of old Linux")]

WHOLE: list[bool] = []
"""For each mix: whether tshark found exactly what was sent."""

pytestmark = pytest.mark.skipif(not shutil.which("tshark") or not shutil.which("mergecap"),
                                reason="needs tshark and mergecap")


def uploads(rng: random.Random) -> tuple[list[tuple[int, bytes]], list[bytes], Link]:
    """Frames of some connections in order of time, the bodies sent, the link type."""
    link = rng.choice([Link.ETHERNET] * 7 + [Link.SLL, Link.SLL2, Link.RAW])
    frames, bodies = [], []
    for number in range(rng.randint(1, 4)):
        v6 = rng.random() < 0.2
        ends = {"client": "2001:db8::50", "server": "2001:db8::10"} if v6 else {}
        vlans = (7,) if link == Link.ETHERNET and rng.random() < 0.2 else ()
        talk = Talk(**ends, port=3000 + number, isn=rng.randrange(1 << 32), wire=Wire(link, vlans),
                    at=1_778_342_400_000_000 + number * rng.choice([3_000, 900_000]))
        body = b"".join(b"130\t20260509%06d\t%d\tx\t%d\n" % (rng.randrange(10 ** 6), line, rng.randrange(10 ** 9))
                        for line in range(rng.randint(1, 80)))
        stream = post(body)
        talk.spacing = rng.choice([125, 15_625])
        talk.open().whole(stream, rng.choice([200, 536, 1400])).fin(len(stream)).server(len(stream) + 1)
        frames += talk.frames
        bodies.append(body)
    return sorted(frames, key=lambda frame: frame[0]), bodies, link


def wrapped(rng: random.Random, frames: list[tuple[int, bytes]], link: Link) -> list[Packet]:
    """Up to three layers around each frame; on a way too narrow for it, in fragments."""
    if link != Link.ETHERNET:
        return [(time * 1000, int(link), frame) for time, frame in frames]
    layers = [LAYERS[rng.choice(FRAMES)] for _ in range(rng.choice([0, 1, 1, 1, 2, 3]))]
    inner = PACKET_LAYERS[rng.choice(list(PACKET_LAYERS))] if rng.random() < 0.3 else None
    narrow = rng.choice([0, 0, 0, 576, 1480])
    out: list[Packet] = []
    for number, (time, frame) in enumerate(frames):
        inside, kind = frame, mirrors.ETHERNET
        if inner is not None and frame[12:14] in (b"\x08\0", b"\x86\xdd"):
            inside, kind = inner(frame[14:], int.from_bytes(frame[12:14], "big"))
            inside, kind = mirrors.ethernet(inside, kind)
        for layer in layers:
            inside, kind = layer(inside, kind)
        plain = kind == mirrors.IPV4
        pieces = mirrors.fragments(inside, narrow, number) if narrow and plain and len(inside) > narrow else [inside]
        out += [(time * 1000, 1, mirrors.frame(piece, kind)) for piece in pieces]
    return out


def ring(rng: random.Random, packets: list[Packet], folder: Path) -> list[Path]:
    """The packets in files, some of them in two."""
    count = rng.choice([1, 1, 2, 3, 5])
    places = sorted(rng.randrange(len(packets) + 1) for _ in range(count - 1))
    paths = []
    for number, (low, high) in enumerate(zip([0, *places], [*places, len(packets)], strict=True)):
        part = packets[max(0, low - rng.choice([0, 0, 5])):high]
        if not part:
            continue
        data = CONTAINERS[rng.choice(ONE_LINK)](part)
        packed = rng.random() < 0.25
        paths.append(folder / f"ring_{number}.pcap{'.gz' if packed else ''}")
        paths[-1].write_bytes(gzip.compress(data, 1) if packed else data)
    rng.shuffle(paths)
    return paths


@pytest.mark.parametrize("seed", range(MIXES))
def test_a_mix_is_read_as_wireshark_reads_it(seed, tmp_path):
    rng = random.Random(seed)
    frames, bodies, link = uploads(rng)
    paths = ring(rng, wrapped(rng, frames, link), tmp_path)
    engine = Engine()
    with open_files([str(path) for path in paths]) as source:
        found = [upload for some in source.run(engine) for upload in some] + engine.finish()
    merged = tmp_path / "merged.pcapng"
    subprocess.run(["mergecap", "-w", merged, *sorted(paths)], check=True, capture_output=True)
    (tmp_path / "seen").write_bytes(subprocess.run([*TSHARK, merged], check=True, capture_output=True).stdout)
    assert sorted(upload.body for upload in found if upload.complete) == sorted(bodies)
    WHOLE.append(sorted(of_tshark(tmp_path / "seen")) == sorted(bodies))


def test_wireshark_read_nearly_all_of_these_mixes_whole():
    """Otherwise the comparison above says little."""
    assert sum(WHOLE) >= 0.9 * len(WHOLE)
