"""What `suntap senders` prints and asks for; what decisions do is held in tests/attack and tests/ledger."""
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.cli import senders
from tests.attack.support import FORGER_MAC, FROM_ROUTER, TRUE_MAC, capture, day_of, heard
from tests.cli.command import refused, suntap
from tests.ledger.support import HOUR, NOON, Box


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """The PVS, and a stranger on the router's side."""
    box = Box(tmp_path / "data")
    capture(box, heard(day_of(NOON), NOON + HOUR))
    capture(box, heard(day_of(NOON, 300, "414050000000002"), NOON + HOUR, FORGER_MAC), arrival=FROM_ROUTER)
    yield box
    box.close()


def options(box: Box) -> tuple[str, Path, str, Path]:
    config = box.data_dir.parent / "suntap.toml"
    config.write_text('[site]\ntimezone = "America/Los_Angeles"\n')
    return "--config", config, "--data-dir", box.data_dir


@given(st.text(max_size=30))
def test_text_from_the_wire_moves_no_cursor(text: str) -> None:
    shown = senders._shown(text)
    assert shown.isprintable() and len(shown) == max(1, len(text))


def test_the_list_has_each_sender_with_its_state_and_side(box: Box) -> None:
    result = suntap("senders", *options(box))
    assert result.code == 0, result
    rows = [line for line in result.out.splitlines() if "00:00:5e" in line]
    assert [TRUE_MAC in rows[0], FORGER_MAC in rows[1]] == [True, True]
    assert " trusted " in rows[0] and " trusted " not in rows[1] and "from the router's side" in rows[1]


def test_a_device_that_is_set_aside_leaves_the_history_and_comes_back(box: Box) -> None:
    before = box.total()
    gone = suntap("senders", "--set-device-aside", "414050000000001", *options(box))
    assert gone.code == 0 and "devices set aside" in gone.out and box.total() == 0, gone
    back = suntap("senders", "--restore-device", "414050000000001", *options(box))
    assert back.code == 0 and "devices set aside" not in back.out and box.total() == before > 0, back


def test_a_device_that_nobody_has_is_one_line(box: Box) -> None:
    refused(suntap("senders", "--set-device-aside", "999", *options(box)), 1, "999", "no device")
