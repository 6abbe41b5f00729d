"""The bridge has one MAC at every boot, whatever the board tells and whenever its network cards appear."""
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "image/rootfs-overlay/usr/lib/suntap-image/network"
ONBOARD, STICK = "02:00:5e:00:53:02", "02:00:5e:00:53:01"


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The start-up script, with a data partition of its own; it waits for nothing."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "path", [str(SCRIPT.parent), *sys.path])
    loader = SourceFileLoader("image_network", str(SCRIPT))
    script = module_from_spec(spec_from_loader("image_network", loader))
    loader.exec_module(script)
    monkeypatch.setattr(script, "WAIT_S", 0.1)
    monkeypatch.setattr(script, "DATA", tmp_path)
    return script


def tree(tmp_path: Path, mac: str = "", serial: str = "") -> Path:
    """A board's device tree: the onboard card's address as the firmware fills it in, and the serial number."""
    (tmp_path / "aliases").mkdir()
    (tmp_path / "scb/ethernet").mkdir(parents=True)
    if mac:
        (tmp_path / "aliases/ethernet0").write_bytes(b"/scb/ethernet\0")
        (tmp_path / "scb/ethernet/local-mac-address").write_bytes(bytes.fromhex(mac.replace(":", "")))
    if serial:
        (tmp_path / "serial-number").write_bytes(serial.encode() + b"\0")
    return tmp_path


def interfaces(folder: Path, *macs: str) -> Path:
    """/sys/class/net with a card for each address."""
    folder.mkdir()
    for number, mac in enumerate(macs):
        (folder / f"eth{number}/device").mkdir(parents=True)
        (folder / f"eth{number}/type").write_text("1\n")
        (folder / f"eth{number}/address").write_text(mac + "\n")
    return folder


def test_the_onboard_cards_address_is_the_bridges(network: ModuleType, tmp_path: Path) -> None:
    assert network.tree_mac(tree(tmp_path, ONBOARD, "00000000deadbeef")) == ONBOARD


@pytest.mark.parametrize("mac", ["", "00:00:00:00:00:00"])
def test_without_one_it_is_made_from_the_boards_serial_number(network: ModuleType, tmp_path: Path, mac: str) -> None:
    made = network.tree_mac(tree(tmp_path, mac, "00000000deadbeef"))
    assert made.startswith("02:") and made == network.tree_mac(tmp_path)


@pytest.mark.parametrize("serial", ["", "0000000000000000"])
def test_a_board_that_tells_nothing_gives_none(network: ModuleType, tmp_path: Path, serial: str) -> None:
    assert network.tree_mac(tree(tmp_path, "00:00:00:00:00:00", serial)) == ""


def test_then_it_is_the_lowest_of_the_cards(network: ModuleType, tmp_path: Path) -> None:
    assert network.kept_mac(tmp_path / "mac", interfaces(tmp_path / "net", ONBOARD, STICK)) == STICK


def test_what_was_kept_comes_before_the_cards(network: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "mac").write_text(ONBOARD + "\n")
    assert network.kept_mac(tmp_path / "mac", interfaces(tmp_path / "net", STICK)) == ONBOARD


def test_what_was_kept_and_is_damaged_counts_as_missing(network: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "mac").write_bytes(b"\0\xff" * 9)
    assert network.kept_mac(tmp_path / "mac", interfaces(tmp_path / "net", STICK)) == STICK


def test_without_a_card_one_is_made_up_which_is_nobody_elses(network: ModuleType, tmp_path: Path) -> None:
    made = network.kept_mac(tmp_path / "mac", interfaces(tmp_path / "net"))
    (tmp_path / "mac").write_text(made)
    locally_administered, group = 0b10, 0b01
    assert int(made[:2], 16) & (locally_administered | group) == locally_administered
    assert network.kept_mac(tmp_path / "mac", interfaces(tmp_path / "later", STICK)) == made
