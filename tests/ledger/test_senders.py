"""What the owner decides about senders, devices and single uploads, and its bounds; who is trusted by itself is held in
tests/attack/test_senders."""
import pytest

from appliance import ledger
from appliance.ledger import senders
from appliance.ledger.senders import SenderError
from appliance.store.trust import ASIDE, TRUSTED
from tests.ledger.support import NOON, Box, run_of

KEY = ("02:00:00:00:00:01", "ZT160000000441C0001", "")


def ingest(box: Box) -> int:
    ledger.ingest(box.inbox, box.store, box.site)
    return box.total()


def sender(box: Box) -> int:
    return int(box.inbox.execute("SELECT max(id) FROM sender").fetchone()[0])


def test_a_decision_is_kept_and_the_newest_one_holds(box: Box) -> None:
    senders.decide(box.store, KEY, TRUSTED)
    senders.decide(box.store, KEY, ASIDE)
    assert senders.decisions(box.store) == [[*KEY, ASIDE]]


def test_what_is_no_decision_is_refused(box: Box) -> None:
    with pytest.raises(SenderError, match="neither"):
        senders.decide(box.store, KEY, "friend")


def test_there_are_not_more_decisions_than_senders_that_an_inbox_keeps(box: Box, monkeypatch) -> None:
    monkeypatch.setattr(senders, "MAX_DECIDED", 3)
    for number in range(3):
        senders.decide(box.store, (f"02:00:00:00:00:{number:02x}", "", ""), ASIDE)
    with pytest.raises(SenderError, match="already"):
        senders.decide(box.store, KEY, ASIDE)
    senders.decide(box.store, ("02:00:00:00:00:01", "", ""), TRUSTED)       # one of them may still be changed
    assert len(senders.decisions(box.store)) == 3


def test_a_number_that_no_sender_has_is_one_line(box: Box) -> None:
    with pytest.raises(SenderError, match="suntap senders"):
        senders.decide_by_number(box.inbox, box.store, 99, ASIDE)


def test_a_sender_that_is_set_aside_and_trusted_again_gives_the_same_history(box: Box) -> None:
    box.lines(*run_of(NOON, 5, 1000, 100))
    before = box.derived()
    senders.decide_by_number(box.inbox, box.store, sender(box), ASIDE)
    assert ingest(box) == 0
    senders.decide_by_number(box.inbox, box.store, sender(box), TRUSTED)
    assert ingest(box) == 400 and box.derived()["slot"] == before["slot"]


def test_a_device_that_is_none_cannot_be_set_aside(box: Box) -> None:
    with pytest.raises(SenderError, match="no device"):
        senders.set_device_aside(box.store, 99, True)
    assert senders.devices_named(box.store, "nobody's") == []


def test_a_single_upload_is_left_out_and_comes_back(box: Box) -> None:
    box.lines(*run_of(NOON, 3, 1000, 100))
    box.lines(*run_of(NOON + 900, 3, 9000, 100))
    senders.set_upload_aside(box.inbox, box.store, 2, True, NOON)
    assert ingest(box) == 200
    senders.set_upload_aside(box.inbox, box.store, 2, False, NOON)
    assert ingest(box) == 8200
    with pytest.raises(SenderError, match="no upload 3"):
        senders.set_upload_aside(box.inbox, box.store, 3, True, NOON)


def test_of_uploads_that_cannot_be_taken_in_the_oldest_makes_room_and_the_owners_are_bounded(
        box: Box, monkeypatch) -> None:
    monkeypatch.setattr(senders, "MAX_UPLOADS_ASIDE", 3)
    for number in range(5):
        senders.leave_out(box.store, b"%032d" % number, NOON + number, "it is odd" * 100)
    kept = box.store.execute("SELECT sha256, length(reason) FROM upload_aside ORDER BY created").fetchall()
    assert [bytes(sha256) for sha256, _ in kept] == [b"%032d" % number for number in (2, 3, 4)]
    assert {length for _, length in kept} == {200}
    for number in range(3):
        senders.leave_out(box.store, b"owner%027d" % number, NOON)
    with pytest.raises(SenderError, match="set their sender aside"):
        senders.leave_out(box.store, b"one more", NOON)
