"""When an upload was sent, by its PVS's clock and by ours, and what that says of the clock: the tables late_upload and
right_clock. The rules are in module clocks.

Whether a late upload was repeated or sent by a slow clock depends on its neighbours, which may come in any order. So
both tables keep what the rules need, and `learn` tells when an upload that was taken in before is judged otherwise now;
then the inbox is read from its beginning, with the same knowledge for all.
"""
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from appliance import records
from appliance.ledger import clocks
from appliance.records import Header, storable
from spcore.uploads import Upload


@dataclass(slots=True)
class Frame:
    """An upload, who sent it when by its own clock (0: it does not say), and when that was. `is_off`: that clock was
    wrong; `is_lost`: and nobody knows by how much."""

    upload: Upload
    pvs: str
    sent: int
    captured: int
    is_off: bool = False
    is_lost: bool = False


def frame_of(upload: Upload, is_guess: bool) -> Frame:
    """The frame of an upload; `is_guess`: the recorder's clock was not set when it was captured."""
    captured = upload.captured_us // 1_000_000
    line = upload.body.split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "surrogateescape")
    first = records.parse(line.split("\t"))
    if not isinstance(first, Header) or first.time is None:
        return Frame(upload, storable(first.serial) if isinstance(first, Header) else "", 0, captured)
    frame = Frame(upload, storable(first.serial), first.time, captured)
    if is_guess:
        frame.is_off = frame.is_lost = first.time < captured - clocks.WRONG_S
        frame.captured = max(first.time, captured)
    else:
        frame.is_off = clocks.is_off(first.time, captured)
    return frame


def learn(store: sqlite3.Connection, frames: list[Frame]) -> bool:
    """Note what these uploads say of the PVSs' clocks and judge the late ones among them; whether one that was taken in
    before is judged otherwise now. In a transaction of the caller's."""
    late = [frame for frame in frames if frame.sent and clocks.is_late(frame.sent, frame.captured)]
    right = defaultdict(list)
    for frame in frames:
        if frame.sent and abs(frame.sent - frame.captured) <= clocks.WRONG_S:
            right[frame.pvs].append(frame.captured)
    stale: set[tuple[str, int, int, int]] = set()
    for pvs, times in right.items():
        for first, last in _spans(sorted(times)):
            _note_right(store, pvs, first, last)
            stale.update(_late(store, pvs, first - clocks.RIGHT_S, last + clocks.RIGHT_S))
    store.executemany("INSERT OR IGNORE INTO late_upload (pvs, captured, sent, is_off) VALUES (?, ?, ?, 0)",
                      [(frame.pvs, frame.captured, frame.sent) for frame in late])
    for frame in late:
        stale.update(_late(store, frame.pvs, frame.captured - clocks.NEAR_S, frame.captured + clocks.NEAR_S))
    mine = {(frame.pvs, frame.captured, frame.sent): frame for frame in late}
    again = False
    for pvs, captured, sent, was_off in stale:
        is_off = _is_slow(store, pvs, captured, sent)
        if is_off != bool(was_off):
            store.execute("UPDATE late_upload SET is_off = ? WHERE pvs = ? AND captured = ? AND sent = ?",
                          (is_off, pvs, captured, sent))
            again |= (pvs, captured, sent) not in mine
        if (pvs, captured, sent) in mine:
            mine[pvs, captured, sent].is_off = is_off
    return again


def _late(store: sqlite3.Connection, pvs: str, first: int, last: int) -> list[tuple[str, int, int, int]]:
    return store.execute("SELECT pvs, captured, sent, is_off FROM late_upload WHERE pvs = ?"
                         " AND captured BETWEEN ? AND ?", (pvs, first, last)).fetchall()


def _is_slow(store: sqlite3.Connection, pvs: str, captured: int, sent: int) -> bool:
    """Whether a late upload was sent by a slow clock: another one is behind by the same, and none told the time."""
    if store.execute("SELECT 1 FROM right_clock WHERE pvs = ? AND first <= ? AND last >= ? LIMIT 1",
                     (pvs, captured + clocks.RIGHT_S, captured - clocks.RIGHT_S)).fetchone():
        return False
    return any(clocks.agree(sent, captured, other_sent, other_captured) for _, other_captured, other_sent, _ in
               _late(store, pvs, captured - clocks.NEAR_S, captured + clocks.NEAR_S))


def _spans(times: Iterable[int]) -> list[tuple[int, int]]:
    """Stretches in which no two of the ascending `times` are further apart than RIGHT_S."""
    spans: list[tuple[int, int]] = []
    for time in times:
        if spans and time - spans[-1][1] <= clocks.RIGHT_S:
            spans[-1] = (spans[-1][0], time)
        else:
            spans.append((time, time))
    return spans


def _note_right(store: sqlite3.Connection, pvs: str, first: int, last: int) -> None:
    """The PVS's clock was right from `first` to `last`: one row with those it touches."""
    touched = (pvs, last + clocks.RIGHT_S, first - clocks.RIGHT_S)
    rows = store.execute("SELECT first, last FROM right_clock WHERE pvs = ? AND first <= ? AND last >= ?",
                         touched).fetchall()
    if any(low <= first and last <= high for low, high in rows):
        return
    store.execute("DELETE FROM right_clock WHERE pvs = ? AND first <= ? AND last >= ?", touched)
    store.execute("INSERT INTO right_clock (pvs, first, last) VALUES (?, ?, ?)",
                  (pvs, min([first, *(low for low, _ in rows)]), max([last, *(high for _, high in rows)])))
