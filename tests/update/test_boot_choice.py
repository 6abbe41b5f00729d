"""U-Boot's choice of the slot, on a card that is a file. tests/image/test_slots.py has the real U-Boot."""
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.update import boot_choice
from appliance.update.boot_choice import COPIES, SECTOR, Choice

CHOICES = [Choice(), Choice("B"), Choice("A", "B", 3), Choice("B", "A", 1), Choice("A", "B", 0)]


class PowerCut(Exception):
    """The plug is pulled."""


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "card"
    path.write_bytes(bytes(COPIES[1] + SECTOR))
    return path


def copy(number: int, card: Path) -> bytes:
    return card.read_bytes()[COPIES[number]:][:SECTOR]


def put(number: int, card: Path, data: bytes) -> None:
    with open(card, "r+b") as file:
        file.seek(COPIES[number])
        file.write(data)


def raw(text: bytes) -> bytes:
    text = text.ljust(SECTOR - 4, b"\0")
    return zlib.crc32(text).to_bytes(4, "little") + text


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_what_was_written_is_read_from_both_copies(card: Path, choice: Choice) -> None:
    boot_choice.write(card, choice)
    assert boot_choice.read(card) == choice
    assert copy(0, card) == copy(1, card) == boot_choice.encode(choice)


def test_the_sector_is_u_boots_environment_and_no_other_byte_changes(card: Path) -> None:
    boot_choice.write(card, Choice("A", "B", 3))
    expected = raw(b"suntap_kept=A\0suntap_trial=B\0suntap_tries=3\0\0")
    assert copy(0, card) == expected
    written = card.read_bytes()
    assert sum(map(bool, written)) == 2 * sum(map(bool, expected))


def test_a_new_card_starts_slot_a(card: Path) -> None:
    assert boot_choice.read(card) == Choice("A") and Choice("A").primary == "A"


@pytest.mark.parametrize("torn", [0, 1])
def test_a_torn_copy_counts_as_none(card: Path, torn: int) -> None:
    boot_choice.write(card, Choice("B"))
    put(torn, card, boot_choice.encode(Choice("A"))[:8])
    assert boot_choice.read(card) == Choice("B")
    put(1 - torn, card, b"\xff" * SECTOR)
    assert boot_choice.read(card) == Choice("A")


def test_of_two_whole_copies_the_first_counts(card: Path) -> None:
    put(0, card, boot_choice.encode(Choice("B")))
    put(1, card, boot_choice.encode(Choice("A", "B", 3)))
    assert boot_choice.read(card) == Choice("B")


@pytest.mark.parametrize(("text", "choice"), [
    (b"suntap_kept=C\0", Choice("A")), (b"", Choice("A")), (b"suntap_trial=B\0suntap_tries=2\0", Choice("A", "B", 2)),
    (b"suntap_kept=B\0suntap_trial=B\0suntap_tries=2\0", Choice("B")),
    (b"suntap_kept=A\0suntap_trial=B\0suntap_tries=9\0", Choice("A", "B", 0)),
    (b"suntap_kept=A\0suntap_trial=B\0", Choice("A", "B", 0)),
    (b"bootdelay=0\0suntap_kept=B\0no sign\0", Choice("B"))])
def test_what_makes_no_sense_is_the_kept_slot(text: bytes, choice: Choice) -> None:
    assert boot_choice.decode(raw(text)) == choice


def test_a_cut_copy_is_none() -> None:
    assert boot_choice.decode(b"") is None and boot_choice.decode(bytes(SECTOR)) is None


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """cut(n): the n-th write to the card (from 0) leaves half of a sector that is no sector any more; then the power is
    gone. cut(-1): it is back."""
    real = os.pwrite

    def at(number: int) -> None:
        left = number

        def write(descriptor: int, data: bytes, place: int) -> int:
            nonlocal left
            left -= 1
            if left == -1:
                real(descriptor, bytes(byte ^ 0xFF for byte in data[:200]), place)
                raise PowerCut
            return real(descriptor, data, place)

        monkeypatch.setattr(os, "pwrite", real if number < 0 else write)
    return at


@pytest.mark.parametrize("first", range(3))
@pytest.mark.parametrize("second", range(3))
def test_after_two_power_cuts_in_a_row_it_is_a_choice_that_was_made(
        card: Path, cut: Callable[[int], None], first: int, second: int) -> None:
    before, new, newer = Choice("B"), Choice("B", "A", 3), Choice("B", "A", 2)
    boot_choice.write(card, before)
    made = {before}
    for number, choice in ((first, new), (second, newer)):
        cut(number)
        made.add(choice)
        with pytest.raises(PowerCut):
            boot_choice.write(card, choice)
            raise PowerCut      # a card with one whole copy is written to twice only
        cut(-1)
        assert boot_choice.read(card) in made
    boot_choice.write(card, newer)
    assert boot_choice.read(card) == newer and copy(0, card) == copy(1, card)


def test_the_other_slot_is_tried_three_times_and_then_kept_or_not() -> None:
    trial = Choice("A").start_next("B")
    assert trial == Choice("A", "B", 3) and trial.primary == "B"
    assert trial.judge("B", good=True) == Choice("B")
    assert trial.judge("B", good=False) == trial.start_next("A") == Choice("A")
    assert trial.judge("A", good=True) == trial.judge("A", good=False) == trial
    assert Choice("A", "B", 0).primary == "A"


def test_a_slot_is_good_while_it_may_start() -> None:
    assert [Choice("A", "B", 1).is_good(slot) for slot in "AB"] == [True, True]
    assert [Choice("A", "B", 0).is_good(slot) for slot in "AB"] == [True, False]
    assert [Choice("B").is_good(slot) for slot in "AB"] == [False, True]


def test_the_card_is_the_disk_of_slot_a(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "devices/mmcblk0/mmcblk0p2").mkdir(parents=True)
    (tmp_path / "mmcblk0p2").symlink_to("devices/mmcblk0/mmcblk0p2")
    (tmp_path / "by-partuuid").mkdir()
    (tmp_path / "by-partuuid/5055aa01-02").symlink_to(tmp_path / "dev/mmcblk0p2")
    monkeypatch.setattr(boot_choice, "SYSFS", tmp_path)
    monkeypatch.setattr(boot_choice, "BY_PARTITION", tmp_path / "by-partuuid")
    with pytest.raises(FileNotFoundError):
        boot_choice.disk()
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/mmcblk0p2").touch()
    assert boot_choice.disk() == Path("/dev/mmcblk0")
