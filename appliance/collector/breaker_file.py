"""What outlives the process: who answers the PVS and why, since when, and where the collector was.

One small file in the data directory, written when something changes: state (of the breaker), since, reason, the last
changes, and the addresses of the maker's server that were seen. A file that cannot be read is an empty one.
"""
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from appliance.system.files import write_atomic

FILE = "collector.json"
MAX_CHANGES = 50
MAX_BYTES = 65536
MODE = 0o640        # the page, of the folder's group, reads it


@dataclass(frozen=True)
class Change:
    """At `time` (UTC seconds) it became `state` (closed | open | half-open | on | off), for `reason`."""

    time: int
    state: str
    reason: str


@dataclass
class Journal:
    """The file's content; `changes` with the newest last."""

    changes: list[Change] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    @property
    def last(self) -> Change | None:
        return self.changes[-1] if self.changes else None

    @staticmethod
    def load(data_dir: Path) -> "Journal":
        """What is noted in `data_dir`."""
        try:
            with open(data_dir / FILE, "rb") as file:
                found = json.loads(file.read(MAX_BYTES))
            changes = [Change(int(one["time"]), str(one["state"])[:16], str(one["reason"])[:300])
                       for one in found["changes"][-MAX_CHANGES:]]
            return Journal(changes, [str(one)[:15] for one in found["addresses"]][-8:])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return Journal()

    def save(self, data_dir: Path) -> None:
        """Write it down; a full disk only costs the note."""
        self.changes = self.changes[-MAX_CHANGES:]
        with suppress(OSError):
            write_atomic(data_dir / FILE, json.dumps(asdict(self)).encode(), mode=MODE)
