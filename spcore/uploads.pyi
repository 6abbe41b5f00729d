class Upload:
    captured_us: int
    source: str
    destination: str
    path: str
    body: bytes
    complete: bool
    def __init__(
        self, captured_us: int, source: str, destination: str, path: str, body: bytes, complete: bool
    ) -> None: ...
