from typing import Any

from spcore.engine import Engine

class ReadError(Exception): ...

class OpenFile:
    name: str
    problem: str
    finished: bool
    last_us: int
    only_link: int
    unread_link: int
    def __init__(self, name: str, descriptor: int, stream: Any = None, limits: Any = None,
                 step: int = ...) -> None: ...
    def first_us(self) -> int | None: ...
    def close(self) -> None: ...

FOREVER: int

def feed(files: list[OpenFile], engine: Engine | None, until_us: int = ...) -> tuple[int, bool]: ...
