"""Every TCP direction of a capture with its length, hash and gaps: the reassembler held against any capture.

One dict per direction, in the order in which they ended: source, destination, bytes (outside gaps), sha256 (of these,
in order) and gaps as [offset, length], where the offset counts from the direction's first byte and gap bytes count.
"""
from collections.abc import Callable, Iterator
from typing import Any

from spcore.engine import Engine
from spcore.source import CaptureError, Source


class _Direction:
    def __init__(self, source: str, destination: str):
        from hashlib import sha256  # costs more to import than most commands' whole start-up
        self.source, self.destination = source, destination
        self.hash = sha256()
        self.bytes = 0
        self.gaps: list[list[int]] = []

    def gap(self, offset: int, length: int) -> None:
        if self.gaps and sum(self.gaps[-1]) == offset:
            self.gaps[-1][1] += length
        else:
            self.gaps.append([offset, length])

    def result(self) -> dict[str, Any]:
        return {"source": self.source, "destination": self.destination, "bytes": self.bytes,
                "sha256": self.hash.hexdigest(), "gaps": self.gaps}


def streams(source: Source, ports: tuple[int, ...] | None = None, limits: Any = None,
            complain: Callable[[CaptureError], Any] | None = None) -> Iterator[dict[str, Any]]:
    """The directions of an open capture; `ports` None = all. Damage: as in Source.run."""
    engine = Engine(ports=ports, limits=limits, digest=True)
    open_directions: dict[int, _Direction] = {}

    def digest(events: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
        for kind, number, *values in events:
            if kind == "data":
                direction = open_directions[number]
                direction.hash.update(values[0])
                direction.bytes += len(values[0])
            elif kind == "hole":
                open_directions[number].gap(*values)
            elif kind == "open":
                open_directions[number] = _Direction(*values)
            else:
                yield open_directions.pop(number).result()

    for events in source.run(engine, engine.take_events, complain):
        yield from digest(events)
    engine.end()
    yield from digest(engine.take_events())
