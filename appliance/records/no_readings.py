"""The records that are no readings: the frame of an upload, and what could not be understood."""
from dataclasses import dataclass

from appliance.records.readings import Reading

MAX_SERIAL = 64             # characters; longer ones are no serial numbers


@dataclass(frozen=True, slots=True)
class Header:
    """100: first line. `time` is when the PVS sent the upload, by its clock; None where it does not say."""

    serial: str
    time: int | None


@dataclass(frozen=True, slots=True)
class Trailer:
    """102: last line, a text that differs in every upload."""

    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A message number nobody knows, as it came. `time` and `serial` where f1 and f2 look like that."""

    number: int
    time: int | None
    serial: str
    fields: list[str]


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that says nothing, and why. `number` is -1 where not even that could be read."""

    number: int
    reason: str
    fields: list[str]


Record = Header | Trailer | Reading | Unknown | Malformed
