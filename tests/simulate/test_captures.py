"""The recorded files: each is what its generator makes, and holds what lies beside it."""
import hashlib
import importlib.util
import json
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from types import ModuleType

import pcapy
import pytest

from appliance.simulate.packets import SYN, Link
from appliance.simulate.truth import lines
from tests.simulate.wire import Connection, Reader, Segment

CAPTURES = Path(__file__).parent.parent / "captures"


def generator(stem: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(stem, CAPTURES / f"{stem}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def packets(path: Path) -> list[bytes]:
    reader = pcapy.open_offline(str(path))
    found = []
    while (packet := reader.next())[0] is not None:
        found.append(packet[1])
    return found


def read(path: Path, verify: bool = True) -> tuple[list[Segment], int]:
    """All segments of an Ethernet capture, and how many fragments they came in."""
    reader = Reader(Link.ETHERNET, verify)
    segments = [segment for frame in packets(path) if (segment := reader.read(frame))]
    return segments, reader.fragments


def bodies(segments: list[Segment]) -> list[bytes]:
    """The bodies of all requests with a Content-Length, by the slow and obvious way."""
    streams: dict[str, Connection] = {}
    for segment in segments:
        if segment.destination.endswith(":80"):
            if segment.flags & SYN:
                streams[segment.source] = Connection(segment.sequence + 1)
            else:
                streams[segment.source].data(segment.sequence, segment.payload)
    found = []
    for stream in streams.values():
        data = bytes(stream.bytes[position] for position in sorted(stream.bytes) if position >= 0)
        while data:
            head, _, data = data.partition(b"\r\n\r\n")
            length = int(head.rpartition(b"Content-Length: ")[2])
            found.append(data[:length])
            data = data[length:]
    return found


@pytest.mark.parametrize("stem", ["plain_day", "outage", "disorder"])
def test_a_generator_makes_the_same_files_again(tmp_path, stem):
    generator(stem).make(tmp_path)
    made = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}
    assert len(made) >= 3
    assert made == {name: hashlib.sha256((CAPTURES / name).read_bytes()).hexdigest() for name in made}


@pytest.mark.parametrize("stem", ["plain_day", "outage", "kernel"])
def test_the_uploads_and_lines_beside_a_capture_are_what_is_in_it(stem):
    segments, _ = read(CAPTURES / f"{stem}.pcap", verify=stem != "kernel")
    found = bodies(segments)
    promised = json.loads((CAPTURES / f"{stem}.truth.json").read_text())
    # Two attempts of an upload are two requests on the wire, so the hashes are compared as a set.
    assert {hashlib.sha256(body).hexdigest() for body in found} == {entry["sha256"] for entry in promised}
    records = (CAPTURES / f"{stem}.records").read_text().splitlines()
    sent = Counter("\t".join(line) for body in found for line in lines(body))
    assert set(records) == set(sent)
    assert stem == "kernel" or Counter(records) == sent


def test_the_kernels_capture_has_real_fragments_retransmissions_and_holes_filled_later():
    segments, fragments = read(CAPTURES / "kernel.pcap", verify=False)
    assert fragments > 100
    seen: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for segment in segments:
        if segment.destination.endswith(":80") and segment.payload:
            seen[segment.source].append((segment.sequence, len(segment.payload)))
    assert any(count > 1 for spans in seen.values() for count in Counter(spans).values())
    assert any(spans != sorted(spans) for spans in seen.values())


def test_the_outage_holds_every_interval_of_its_roof_once_the_flash_was_sent():
    outage = generator("outage")
    site = outage.roof()
    records = {tuple(line.split("\t")) for line in (CAPTURES / "outage.records").read_text().splitlines()}
    times = sorted({record[1] for record in records if record[0] == "120"})
    assert len(times) >= (outage.END - outage.BEGIN) // 300 - 1
    for number, _ in enumerate(times):
        for line in site.records(site.start + 300 * number):
            assert line[0] == "120" or tuple(line) in records


@pytest.mark.root
@pytest.mark.skipif(not shutil.which("nft"), reason="needs nftables")
def test_the_kernels_capture_can_be_recorded_again(tmp_path):
    generator("kernel").make(tmp_path, 6)
    promised = json.loads((tmp_path / "kernel.truth.json").read_text())
    assert len(promised) >= 6
    found = {hashlib.sha256(body).hexdigest() for body in bodies(read(tmp_path / "kernel.pcap", verify=False)[0])}
    assert found >= {entry["sha256"] for entry in promised}
