"""Whether a program's uploads are the right ones: bodies put together again out of what it printed, against the truth.

Every body of the reference capture is record lines with an LF behind each, the first one of number 100, so a body is
its lines joined: a lost, torn, doubled or strange line changes the hash.
"""
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

Bodies = Iterator[bytes]


@dataclass(frozen=True)
class Score:
    """Uploads that are exact, and bodies given out as whole that nobody sent (or not so often)."""

    exact: int
    wrong: int


def expected(truth: Path) -> Counter[str]:
    """SHA-256 of the bodies that were captured whole. `truth`: as written by `Truth.save`."""
    return Counter(sent["sha256"] for sent in json.loads(truth.read_text()) if sent["exact"])


def score(bodies: Iterable[bytes], truth: Counter[str]) -> Score:
    """Compare as multisets."""
    got = Counter(hashlib.sha256(body).hexdigest() for body in bodies)
    return Score((got & truth).total(), (got - truth).total())


def of_json_lines(output: Path) -> Bodies:
    """Bodies out of the output of `suntap records --json`, those marked incomplete left out."""
    lines: list[str] = []
    with output.open() as file:
        for text in file:
            entry = json.loads(text)
            if not entry["complete"]:
                continue
            if entry["record"][0] == "100" and lines:
                yield _join(lines)
                lines = []
            lines.append("\t".join(entry["record"]))
    if lines:
        yield _join(lines)


def of_tshark(output: Path) -> Bodies:
    """Bodies out of `-T fields -e http.file_data`, where tabs and line ends are escaped."""
    with output.open() as file:
        for line in file:
            yield line.rstrip("\n").encode().decode("unicode_escape").encode("latin-1")


def of_flow_files(directory: Path) -> Bodies:
    """Bodies out of tcpflow's files, one per direction; only those to port 80 hold requests."""
    for path in sorted(directory.iterdir()):
        if ".00080" in path.name.partition("-")[2]:
            yield from requests(path.read_bytes())


def requests(stream: bytes) -> Bodies:
    """The collector's POST bodies of a client's byte stream; ends at the first request that makes no sense."""
    at = 0
    while (end := stream.find(b"\r\n\r\n", at)) >= 0:
        head, at = stream[at:end].lower(), end + 4
        if b"\r\ntransfer-encoding: chunked" in head:
            body, at = _dechunk(stream, at)
        else:
            length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0].strip()
            size = int(length) if length.isdigit() else 0
            body, at = stream[at:at + size], at + size
        if at > len(stream) or not head.startswith((b"post ", b"get ")):
            return
        if b"sms2datacollector.aspx" in head:
            yield body


def _dechunk(stream: bytes, at: int) -> tuple[bytes, int]:
    """A chunked body and where it ends: beyond the stream when it is not whole."""
    parts = []
    while (line := stream.find(b"\r\n", at)) >= 0:
        try:
            size = int(stream[at:line], 16)
        except ValueError:
            break
        parts.append(stream[line + 2:line + 2 + size])
        at = line + 4 + size
        if not size:
            return b"".join(parts), at
    return b"", len(stream) + 1


def _join(lines: list[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape")
