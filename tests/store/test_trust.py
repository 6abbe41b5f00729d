"""Who sent an upload: the first from the PVS's side is trusted, strangers are kept aside within bounds."""
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.store import inbox, trust
from appliance.store.trust import (
    ASIDE,
    CAPTURE,
    MAX_SERIAL,
    MAX_STRANGERS,
    ROUTER,
    TRUSTED,
    UNKNOWN,
    Arrival,
    arrival_from,
    host_of,
    is_from,
    serial_of,
)
from appliance.system.bridge import Side
from spcore.uploads import Upload

LIVE = Arrival(CAPTURE)


@pytest.fixture
def received(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = inbox.connect(tmp_path)
    yield connection
    connection.close()


def sent(number: int, mac: str, serial: str = "ZT1") -> Upload:
    body = f"100\tSPMS\t10\t{serial}\t20260509190000\n130\t{number}\n".encode()
    return Upload(number * 1_000_000, "192.0.2.20:4000", "198.51.100.7:80", "/Data/x", body, True, mac)


def states(connection: sqlite3.Connection) -> dict[str, str]:
    return {one.mac: one.state for one in trust.senders(connection)}


def test_the_first_that_is_heard_is_trusted_and_every_other_is_unknown(received: sqlite3.Connection) -> None:
    inbox.append(received, [sent(1, "00:00:5e:00:53:01"), sent(2, "00:00:5e:00:53:02")], LIVE)
    assert states(received) == {"00:00:5e:00:53:01": TRUSTED, "00:00:5e:00:53:02": UNKNOWN}


def test_nobody_on_the_routers_side_or_on_an_unknown_one_becomes_the_first(received: sqlite3.Connection) -> None:
    inbox.append(received, [sent(1, "00:00:5e:00:53:66")], Arrival(CAPTURE, ROUTER))
    inbox.append(received, [sent(2, "00:00:5e:00:53:67")], Arrival(CAPTURE, certain=False))
    inbox.append(received, [sent(3, "00:00:5e:00:53:01")], LIVE)
    assert {mac for mac, state in states(received).items() if state == TRUSTED} == {"00:00:5e:00:53:01"}


def test_strangers_are_bounded_and_cost_the_trusted_sender_nothing(received: sqlite3.Connection) -> None:
    inbox.append(received, [sent(1, "00:00:5e:00:53:01")], LIVE)
    for number in range(MAX_STRANGERS + 5):
        inbox.append(received, [sent(100 + number, f"00:00:5e:00:54:{number:02x}")], LIVE)
    found = states(received)
    assert len(found) == MAX_STRANGERS + 1 and found["00:00:5e:00:53:01"] == TRUSTED
    assert inbox.find(received, inbox.digest("/Data/x", sent(1, "").body)) is not None


def test_what_the_owner_decided_is_followed(received: sqlite3.Connection) -> None:
    inbox.append(received, [sent(1, "00:00:5e:00:53:01"), sent(2, "00:00:5e:00:53:02")], LIVE)
    first, second = trust.senders(received)
    assert trust.follow(received, [(*first.key, ASIDE), (*second.key, TRUSTED)]) == 2
    assert states(received) == {"00:00:5e:00:53:01": ASIDE, "00:00:5e:00:53:02": TRUSTED}
    assert trust.uploads_of(received) == {first.id: 1, second.id: 1}
    assert inbox.first_of(received, second.id) == 2 and inbox.first_of(received, 99) is None


def test_the_side_of_the_bridge_decides_how_an_upload_came() -> None:
    assert arrival_from(Side.PVS, CAPTURE) == arrival_from(Side.NO_SIDES, CAPTURE) == LIVE
    assert arrival_from(Side.ROUTERS, CAPTURE) == Arrival(CAPTURE, ROUTER)
    assert not arrival_from(Side.NOT_KNOWN, CAPTURE).certain


@pytest.mark.parametrize(("who", "expected"), [
    (None, True), ("192.0.2.20", True), ("00:00:5e:00:53:01", True), ("ZT1", True),
    ("192.0.2.2", False), ("00:00:5e:00:53:02", False), ("ZT", False)])
def test_an_upload_is_chosen_by_address_or_serial(who: str | None, expected: bool) -> None:
    assert is_from(sent(1, "00:00:5e:00:53:01"), who) is expected


def test_the_host_of_an_endpoint_is_without_port_and_brackets() -> None:
    assert (host_of("192.0.2.20:4000"), host_of("[2001:db8::7]:80")) == ("192.0.2.20", "2001:db8::7")


@given(st.binary(max_size=700))
def test_any_body_has_a_bounded_serial_or_none(body: bytes) -> None:
    assert len(serial_of(body)) <= MAX_SERIAL
