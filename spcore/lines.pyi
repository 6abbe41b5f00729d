from spcore.limits import Limits

def records(body: bytes, limits: Limits | None = None) -> list[list[str]]: ...

class LineFormat:
    lines: int
    lines_too_long: int
    lines_without_number: int
    def __init__(self, json: bool = False, terminal: bool = False, limits: Limits | None = None) -> None: ...
    def counters(self) -> dict[str, int]: ...
