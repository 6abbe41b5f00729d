"""Who may speak for the PVS: what others send is not counted, cannot push out what counts, and can be taken back."""
import pytest

from appliance.ledger import senders as decided
from appliance.ledger.devices import MAX_OF_SENDER
from appliance.store import inbox, trust
from appliance.store.trust import ASIDE, FIRST, TRUSTED, UNKNOWN
from spcore.uploads import Upload
from tests.attack.support import (
    FORGER_MAC,
    FROM_ROUTER,
    SOMEWHERE,
    TRUE_MAC,
    capture,
    day_of,
    heard,
    listed,
    rows,
)
from tests.ledger.support import HOUR, NOON, PVS, Box, inverter, upload
from tests.store.older import older_inbox

FORGED = "ZT999999999999C0001"
ENERGY = 100 * 11               # what day_of() adds up to


def honest(start: int = NOON, mark: str = "") -> object:
    return heard(day_of(start), start + HOUR, mark=mark)


def test_a_box_that_is_just_plugged_in_trusts_the_first_that_speaks_from_the_pvs_side(box):
    capture(box, honest())
    assert box.total() == ENERGY
    (only,) = listed(box)
    assert (only.mac, only.serial, only.state, only.how, only.uploads) == (TRUE_MAC, PVS, TRUSTED, FIRST, 1)


@pytest.mark.parametrize("arrival", [FROM_ROUTER, SOMEWHERE])
def test_the_first_that_speaks_from_the_routers_port_or_from_nobody_knows_where_is_only_a_question(box, arrival):
    capture(box, heard(day_of(NOON), NOON + HOUR, FORGER_MAC), arrival=arrival)
    assert box.total() == 0 and rows(box, "SELECT * FROM device") == []
    assert [one.state for one in listed(box)] == [UNKNOWN]
    capture(box, honest())
    assert box.total() == ENERGY and [one.state for one in listed(box)] == [TRUSTED, UNKNOWN]


def test_a_pvs_that_spoke_before_its_side_was_known_counts_from_its_own_first_upload_on(box):
    capture(box, honest(NOON), arrival=SOMEWHERE)
    assert box.total() == 0
    capture(box, honest(NOON + HOUR, "2"))
    assert len(rows(box, "SELECT * FROM reading")) == 24


@pytest.mark.parametrize(("mac", "serial"), [(FORGER_MAC, FORGED), (FORGER_MAC, PVS), (TRUE_MAC, FORGED)])
def test_an_inverter_that_another_sender_invents_adds_nothing(box, mac, serial):
    capture(box, honest())
    capture(box, heard(day_of(NOON, 200_000, "414050000009999"), NOON + HOUR, mac, serial))
    assert box.total() == ENERGY
    assert rows(box, "SELECT count(*) FROM device WHERE kind = 'inverter'") == [(1,)]


def test_a_greater_counter_under_a_real_serial_replaces_nothing_even_of_a_sender_that_is_trusted_too(box):
    capture(box, honest())
    capture(box, heard([inverter(NOON + 300, 9_000_000)], NOON + HOUR, FORGER_MAC, FORGED))
    assert box.total() == ENERGY
    decided.decide(box.store, (FORGER_MAC, FORGED, ""), TRUSTED)
    capture(box)
    assert box.total() == ENERGY
    assert rows(box, "SELECT max(energy_dwh) FROM reading") == [(10_000 + ENERGY,)]


def test_two_lines_dated_hours_ahead_by_a_stranger_make_nothing(box):
    capture(box, honest())
    ahead = [inverter(NOON + 22 * HOUR, 10_000), inverter(NOON + 23 * HOUR, 400_000)]
    capture(box, heard(ahead, NOON + HOUR, FORGER_MAC, FORGED))
    capture(box, honest(NOON + HOUR, "2"))
    assert rows(box, "SELECT max(time) FROM reading") == [(NOON + HOUR + 11 * 300,)]


def test_thousands_of_invented_serials_before_the_pvs_speaks_do_not_keep_its_inverter_out(box):
    flood = [heard([inverter(NOON, 1, f"4140600000{number:05}") for number in range(start, start + 100)], NOON + 60,
                   FORGER_MAC, FORGED, mark=str(start)) for start in range(0, 2100, 100)]
    capture(box, *flood, arrival=FROM_ROUTER)
    capture(box, honest())
    assert box.total() == ENERGY
    decided.decide(box.store, (FORGER_MAC, FORGED, "router"), TRUSTED)   # and by mistake
    capture(box, heard(day_of(NOON, 100, "414050000000002"), NOON + HOUR, mark="new"))
    assert box.total() == 2 * ENERGY
    assert rows(box, "SELECT count(*) FROM device WHERE kind = 'inverter'") == [(MAX_OF_SENDER + 2 - 1,)]


def test_strangers_fill_a_ring_and_nothing_else(box, monkeypatch):
    monkeypatch.setattr(trust, "MAX_RING_ROWS", 50)
    capture(box, honest())
    for number in range(40):
        mac = f"00:00:5e:00:54:{number:02x}"
        capture(box, *(heard([inverter(NOON, 1)], NOON + 60, mac, FORGED, mark=f"{number} {n}") for n in range(5)))
    assert len(trust.senders(box.inbox)) <= trust.MAX_STRANGERS + 1
    assert inbox.count_after(box.inbox, 0) <= 51
    assert listed(box)[0].state == TRUSTED and listed(box)[0].uploads == 1


def test_a_ring_that_is_full_takes_from_the_one_that_fills_it(box, monkeypatch):
    monkeypatch.setattr(trust, "MAX_RING_ROWS", 20)
    capture(box, honest())
    capture(box, *(heard([inverter(NOON + n, 1)], NOON + 60, TRUE_MAC, "ZT170000000441C0002") for n in range(5)))
    for n in range(100):
        capture(box, heard([inverter(NOON, 1)], NOON + 60, FORGER_MAC, FORGED, mark=str(n)))
    stored = {one.serial: one.uploads for one in listed(box)}
    assert stored["ZT170000000441C0002"] == 5 and stored[FORGED] == 15


def test_a_flood_does_not_make_the_ring_be_counted_for_each_upload(box, monkeypatch):
    """Counting reads the whole ring: the capture falls behind, and the kernel drops the true PVS's frames."""
    monkeypatch.setattr(trust, "MAX_RING_ROWS", 320)
    capture(box, honest())
    counted: list[str] = []
    box.inbox.set_trace_callback(lambda query: counted.append(query) if "GROUP BY sender_id" in query else None)
    for number in range(400):
        forged = heard([inverter(NOON, 1)], NOON + 60, FORGER_MAC, FORGED, mark=str(number))
        inbox.append(box.inbox, [forged], FROM_ROUTER)
        assert inbox.count_after(box.inbox, 0) <= 320 + 1
    assert len(counted) <= 2 * 400 // (320 // trust.COUNTED_AT) + 2


def test_a_stranger_that_sends_the_pvs_own_upload_first_does_not_keep_it_out(box):
    capture(box, honest())
    later = day_of(NOON + HOUR)
    capture(box, heard(later, NOON + 2 * HOUR, FORGER_MAC))
    capture(box, heard(later, NOON + 2 * HOUR))
    assert len(rows(box, "SELECT * FROM reading")) == 24


def test_a_second_pvs_is_a_question_and_yes_counts_it_from_its_own_first_upload_on(box):
    capture(box, honest())
    for hour in range(3):
        lines = day_of(NOON + hour * HOUR, 100, "414050000000002", counter=10_000 + 1200 * hour)
        capture(box, heard(lines, NOON + (hour + 1) * HOUR, FORGER_MAC, "ZT170000000441C0002"))
    assert box.total() == ENERGY
    question = next(one for one in listed(box) if one.state == UNKNOWN)
    decided.decide_by_number(box.inbox, box.store, question.id, TRUSTED)
    capture(box)
    assert box.total() == ENERGY + 35 * 100


def test_a_sender_that_is_set_aside_leaves_no_trace_and_comes_back_whole(box):
    first = Box(box.data_dir / "twin")
    capture(first, honest())
    capture(box, honest())
    capture(box, heard(day_of(NOON, 300, "414050000000002"), NOON + HOUR, FORGER_MAC, FORGED))
    forger = next(one for one in listed(box) if one.mac == FORGER_MAC)
    decided.decide_by_number(box.inbox, box.store, forger.id, TRUSTED)
    capture(box)
    both = box.derived()
    assert box.total() == ENERGY * 4
    decided.decide_by_number(box.inbox, box.store, forger.id, ASIDE)
    capture(box)
    assert box.slots() == first.slots() and box.derived()["device_day"] == first.derived()["device_day"]
    decided.decide_by_number(box.inbox, box.store, forger.id, TRUSTED)
    capture(box)
    assert box.derived() == both
    first.close()


def test_the_first_can_be_set_aside_and_what_it_kept_out_comes_in(box):
    capture(box, heard([inverter(NOON + 300 * n, 10_000 + 7 * n) for n in range(12)], NOON + HOUR, FORGER_MAC, FORGED))
    capture(box, honest())
    decided.decide(box.store, (FORGER_MAC, FORGED, ""), ASIDE)
    decided.decide(box.store, (TRUE_MAC, PVS, ""), TRUSTED)
    capture(box)
    assert box.total() == ENERGY


def test_after_the_owner_set_the_first_aside_nobody_is_trusted_by_himself(box):
    capture(box, heard(day_of(NOON), NOON + HOUR, FORGER_MAC, FORGED))
    decided.decide(box.store, (FORGER_MAC, FORGED, ""), ASIDE)
    trust.follow(box.inbox, [tuple(row) for row in decided.decisions(box.store)])
    capture(box, honest())
    assert box.total() == 0 and {one.state for one in listed(box)} == {ASIDE, UNKNOWN}


def test_a_device_can_be_set_aside_and_restored(box):
    capture(box, heard(day_of(NOON) + day_of(NOON, 300, "414050000009999"), NOON + HOUR))
    before = box.derived()
    (device,) = decided.devices_named(box.store, "414050000009999")
    decided.set_device_aside(box.store, device, True)
    capture(box)
    assert box.total() == ENERGY
    decided.set_device_aside(box.store, device, False)
    capture(box)
    assert box.derived() == before


def test_a_single_upload_can_be_set_aside_and_restored(box):
    capture(box, honest())
    before = box.derived()
    capture(box, heard(day_of(NOON, 300, "414050000009999"), NOON + HOUR, mark="x"))
    after = box.derived()
    number = inbox.last_id(box.inbox)
    decided.set_upload_aside(box.inbox, box.store, number, True, NOON)
    capture(box)
    assert box.slots() == before["slot"]
    decided.set_upload_aside(box.inbox, box.store, number, False, NOON)
    capture(box)
    assert box.derived() == after


def test_an_import_counts_whoever_sent_it_and_leaves_the_first_word_to_the_wire(box):
    capture(box, heard(day_of(NOON, 100, "414050000000007"), NOON + HOUR, FORGER_MAC, FORGED), arrival=trust.IMPORTED)
    capture(box, honest())
    assert box.total() == 2 * ENERGY
    assert {one.how for one in listed(box)} == {"import", FIRST}


def test_a_rebuild_counts_the_same_senders(box):
    capture(box, honest())
    capture(box, heard(day_of(NOON, 300, "414050000000002"), NOON + HOUR, FORGER_MAC, FORGED))
    before = box.derived()
    from appliance import ledger
    ledger.rebuild(box.inbox, box.store, box.site)
    assert box.derived() == before and box.total() == ENERGY


def test_a_history_of_before_senders_were_kept_counts_as_it_did_and_its_pvs_is_trusted_when_it_speaks(tmp_path):
    older_inbox(tmp_path, [upload(day_of(NOON), NOON + HOUR)], schema=2)
    box = Box(tmp_path)
    capture(box)
    assert box.total() == ENERGY and [one.how for one in listed(box)] == ["earlier"]
    capture(box, heard(day_of(NOON, 300, "414050000009999"), NOON + HOUR, FORGER_MAC, FORGED))
    assert box.total() == ENERGY
    capture(box, heard(day_of(NOON + HOUR, counter=11_200), NOON + 2 * HOUR))
    assert box.total() == 23 * 100
    assert {one.mac: one.state for one in listed(box)} == {"-": TRUSTED, TRUE_MAC: TRUSTED, FORGER_MAC: UNKNOWN}
    box.close()


def test_an_upload_whose_beginning_was_lost_is_its_address_and_gets_its_name_later(box):
    cut = heard([], NOON + HOUR)
    line = "\t".join(inverter(NOON, 10_000)).encode() + b"\n"
    capture(box, Upload(cut.captured_us, cut.source, cut.destination, cut.path, line, False, TRUE_MAC))
    capture(box, heard([inverter(NOON + 300, 10_100)], NOON + HOUR))
    assert [(one.serial, one.state, one.uploads) for one in listed(box)] == [(PVS, TRUSTED, 2)] and box.total() == 100
