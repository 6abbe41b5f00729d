from typing import Any

from spcore.engine import Engine
from spcore.filereader import ReadError as ReadError

class LiveReader:
    link_type: int
    direct: bool
    def __init__(self, handle: Any, direct: bool = True) -> None: ...
    def read(self, engine: Engine) -> tuple[int, bool]: ...
    def close(self) -> None: ...
