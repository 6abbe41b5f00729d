"""Record lines as LineFormat and as Python write them."""
import json
import os
import tempfile
from datetime import datetime, timedelta
from typing import Any

from appliance.simulate import pcapfile
from spcore.engine import Engine
from spcore.lines import LineFormat
from spcore.source import open_file
from tests.spcore.tcp import PATH, START_US, Talk, post


def formatted(body: bytes, path: str = PATH, at: int = START_US, **options: Any) -> tuple[bytes, LineFormat]:
    """What LineFormat makes of one upload that came over the wire."""
    engine, lines = Engine(), LineFormat(**options)
    talk = Talk(at=at).open()
    head = post(b"", headers=f"Content-Length: {len(body)}")
    stream = head.replace(PATH.encode(), path.encode("utf-8", "surrogateescape")) + body
    frames = talk.frames
    for start in range(0, len(stream), 50_000):
        talk.data(start, stream[start:start + 50_000])
    text = b""
    feed_lines(engine, frames)
    while engine.pending():
        text += engine.take_lines(lines)
    return text, lines


def feed_lines(engine: Engine, frames: list[tuple[int, bytes]]) -> None:
    """`feed` takes the uploads, so the capture goes through a file."""
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "x.pcap")
        pcapfile.write(name, frames)
        with open_file(name) as source:
            source._feed(engine)
    engine.end()


def as_json(fields: list[str], path: str = PATH, at: int = START_US + 200) -> str:
    """The JSON line of one record, as Python writes it."""
    when = datetime(1970, 1, 1) + timedelta(microseconds=at)
    return json.dumps({"captured": when.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "source": "192.168.1.50:40001",
                       "destination": "203.0.113.10:80", "path": path, "record": fields, "complete": True}) + "\n"
