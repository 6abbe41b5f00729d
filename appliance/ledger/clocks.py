"""A PVS whose clock is wrong: which readings are put right, and which are held. Pure.

Line 100 says when the PVS sent an upload, by its own clock; the packet says when that was. The difference tells a wrong
clock from a late record, which has an old time in an upload that was sent at the right one. Rules:
- ahead, or behind by more than REPEATED_S: no upload is sent early, none is repeated that long. The clock is wrong.
- behind by less: an upload that was repeated for hours looks like this, and so does a slow clock. Uploads of a slow
  clock are all behind by the same time, repeated ones are not: it is the clock's where two agree (`agree`).
- readings stamped by the wrong clock are those in one run with the time of sending, no gap in it as long as the
  clock's step; and, whatever the gaps, those from behind the packet, and those that claim to be older than BACKLOG_S
  by a clock that is behind by more. They are put right by the difference. Others in the same upload (a backlog) keep
  their time.
- a reading older than any PVS's flash remembers, in an upload sent at the right time, was stamped by a clock that
  nobody can tell any more: held. It is kept, and not counted.
- while the recorder's own clock is a guess, it is a time that has passed already: an upload sent later tells the time,
  one sent before shows that the PVS's clock is wrong by an unknown time, and its readings are held.
"""
from collections.abc import Iterable

WRONG_S = 600               # a clock that is off by less changes no day; uploads are repeated every minute
REPEATED_S = 2 * 86400      # no upload is repeated for so long
AGREE_S = 60                # two uploads of one slow clock are behind by the same time, to this
NEAR_S = 2 * 3600           # and captured within this
RIGHT_S = 150               # heartbeats come every two minutes: a right one so near shows that the clock was
LONGEST_GAP_S = 6 * 3600    # in a run of readings stamped by one clock
MEMORY_S = 6 * 366 * 86400  # no flash keeps readings for so long
BACKLOG_S = 14 * 86400      # an older backlog comes from a PVS that was cut off, not from one whose clock is wrong
HELD = -1


def is_off(sent: int, captured: int) -> bool:
    """Whether the PVS's clock is certainly wrong."""
    return sent - captured > WRONG_S or captured - sent > REPEATED_S


def is_late(sent: int, captured: int) -> bool:
    """Whether an upload was repeated, or sent by a slow clock: others must tell."""
    return WRONG_S < captured - sent <= REPEATED_S


def agree(sent: int, captured: int, other_sent: int, other_captured: int) -> bool:
    """Whether two late uploads were sent by one slow clock."""
    return (sent != other_sent and abs(captured - other_captured) <= NEAR_S
            and abs((sent - captured) - (other_sent - other_captured)) <= AGREE_S)


def put_right(times: Iterable[int], sent: int, captured: int) -> dict[int, int]:
    """The readings of an upload of a wrong clock, by the time they claim: what it really was."""
    off = sent - captured
    gap = max(900, min(abs(off) * 3 // 4, LONGEST_GAP_S))
    right, newest = {}, sent
    for time in sorted({time for time in times if time <= sent + WRONG_S}, reverse=True):
        is_certain = time > captured + WRONG_S or off < -BACKLOG_S
        if newest - time > gap and not is_certain:
            break
        right[time] = time - off
        newest = min(newest, time)
    return right


def is_forgotten(time: int, captured: int) -> bool:
    """Whether a reading claims a time that no PVS remembers at `captured`."""
    return time < captured - MEMORY_S
