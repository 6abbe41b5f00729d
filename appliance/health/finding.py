"""One finding about this box: a lamp, a line of `suntap doctor`, a notice. What is, how much it matters, what to do."""
from dataclasses import dataclass
from typing import Any

OK, WARN, BAD, UNKNOWN = "ok", "warn", "bad", "unknown"
"""In order; worth a look; something of ours does not work (/healthz answers 503); not yet, or not wanted (grey)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` says what is, `advice` what to do; `since` (UTC seconds) when it is so, where that is
    known, and `device` (serial) where it is about one. A lamp about a device repeats that device's notice."""

    name: str
    state: str
    text: str
    advice: str = ""
    since: int | None = None
    device: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is nothing to do."""
        return self.state == OK

    def lamp_json(self) -> dict[str, Any]:
        """As `suntap status --json` and /api/v1/status give a lamp."""
        return {"name": self.name, "state": self.state, "text": self.text, "check": self.advice}
