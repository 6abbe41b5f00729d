"""Who sends uploads, as page and command list them: the inbox's senders with what the owner said of them."""
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.history import senders
from appliance.ledger import senders as decided
from appliance.store.trust import ASIDE, TRUSTED
from tests.attack.support import FORGER_MAC, FROM_ROUTER, TRUE_MAC, capture, day_of, heard
from tests.ledger.support import HOUR, NOON, PVS, Box


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """The PVS, and a stranger on the router's side."""
    box = Box(tmp_path / "data")
    capture(box, heard(day_of(NOON), NOON + HOUR), heard(day_of(NOON + HOUR), NOON + 2 * HOUR))
    capture(box, heard(day_of(NOON, 300, "414050000000002"), NOON + HOUR, FORGER_MAC), arrival=FROM_ROUTER)
    yield box
    box.close()


def test_those_that_count_come_first_with_when_and_how_much_was_heard(box: Box) -> None:
    first, second = senders.listing(box.inbox, box.store)
    assert (first.mac, first.state, first.uploads, first.from_router) == (TRUE_MAC, "trusted", 2, False)
    assert (first.name, first.first, first.last) == (PVS, NOON + HOUR, NOON + 2 * HOUR)
    assert (second.mac, second.state, second.uploads, second.from_router) == (FORGER_MAC, "unknown", 1, True)
    assert senders.address_of(box.inbox, PVS) == TRUE_MAC and senders.address_of(box.inbox, "nobody's") == ""


@pytest.mark.parametrize("decision", [TRUSTED, ASIDE])
def test_what_the_owner_said_stands_above_what_the_inbox_thinks_and_is_no_question_any_more(box: Box, decision) -> None:
    (asked,) = senders.question(box.inbox, box.store)
    decided.decide_by_number(box.inbox, box.store, asked.id, decision)
    assert senders.question(box.inbox, box.store) == []
    found = {one.mac: (one.state, one.how) for one in senders.listing(box.inbox, box.store)}
    assert found[FORGER_MAC] == (decision, "owner")


def test_the_overview_has_what_counts_and_what_is_set_aside(box: Box) -> None:
    (device,) = decided.devices_named(box.store, "414050000000001")
    decided.set_device_aside(box.store, device, True)
    decided.set_upload_aside(box.inbox, box.store, 1, True, NOON)
    decided.leave_out(box.store, b"of a pruned upload", NOON, "broken")
    found = senders.overview(box.inbox, box.store, 10)
    assert [one.text for one in found.devices_aside] == ["inverter 414050000000001"]
    assert all("inverter" not in one.text for one in found.devices)
    assert [one.id for one in found.uploads_aside] == [1] and 1 not in [one.id for one in found.newest]
    assert len(found.newest) == 2 and senders.not_taken_in(box.store) == 1


@pytest.mark.parametrize(("mac", "serial", "address", "name"), [
    ("-", "", "", "everything stored before suntap 0.2"), (TRUE_MAC, PVS, "192.0.2.1", PVS),
    (TRUE_MAC, "", "192.0.2.1", TRUE_MAC), ("", "", "192.0.2.1", "192.0.2.1"), ("", "", "", "an unnamed sender")])
def test_a_sender_is_called_by_what_the_owner_can_compare_with_a_label(mac, serial, address, name) -> None:
    assert senders.Sender(1, mac, serial, address, False, 0, 0, 0, "unknown", "").name == name
