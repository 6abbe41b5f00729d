"""The real U-Boot with the image's own script, on a card laid out as the image's: which slot's kernel does it start?

In QEMU's `virt`, with Debian's U-Boot for it of the same version as the boards'. The kernels are a few instructions:
they say by the serial port from which slot they are, hand over the device tree that they got, and switch it off.
"""
import random
import re
import struct
import subprocess
import time
from pathlib import Path

import pytest

from appliance.update import boot_choice
from appliance.update.boot_choice import COPIES, SECTOR, Choice
from tests.image import devicetree
from tests.image.machine import QEMU, firmware_partition
from tests.image.namespaces import run
from tests.image.vm import with_firmware

pytestmark = [pytest.mark.image, pytest.mark.root]

BEFORE_PARTITIONS = 4 << 20
TABLE, ENTRY = 446, 16          # bytes: of the partition table in the first sector
FAT_MB, SLOT_FS_MB = 64, 8
START_S = 120
CUTS = 12
WORDS = "console=ttyAMA0 from=firmware"
# arm64: MARK to the serial port at 0x09000000, then the device tree at x0, as long as its second word says; PSCI: off.
CODE = (0xD2A12001,     # movz x1, #0x0900, lsl 16
        0x52800002,     # movz w2, #MARK            (| MARK << 5)
        0x39000022,     # strb w2, [x1]
        0xB9400403,     # ldr w3, [x0, #4]
        0x5AC00863,     # rev w3, w3
        0x38401402,     # ldrb w2, [x0], #1
        0x39000022,     # strb w2, [x1]
        0x71000463,     # subs w3, w3, #1
        0x54FFFFA1,     # b.ne -12
        0xD2B08000,     # movz x0, #0x8400, lsl 16
        0xF2800100,     # movk x0, #8
        0xD4000002)     # hvc #0
MARKS = {"A": "a", "B": "b"}


def kernel(slot: str) -> bytes:
    """An Image (Documentation/arch/arm64/booting.rst) of that slot."""
    words = [word | ord(MARKS[slot]) << 5 if word == 0x52800002 else word for word in CODE]
    head = struct.pack("<2I3Q24x4sI", 0x14000010, 0, 0, 4096, 0b1010, b"ARMd", 0)
    return head + struct.pack(f"<{len(words)}I", *words)


class Board:
    """A card, and the machine that starts from it."""

    def __init__(self, image: Path, work: Path) -> None:
        self.on_trial = False           # what the last start's command line said
        self.work, self.card, self.serial = work, work / "card", work / "serial"
        with open(image, "rb") as file:
            head = file.read(BEFORE_PARTITIONS)
        self.starts = [struct.unpack_from("<I", head, TABLE + ENTRY * number + 8)[0] * SECTOR for number in range(4)]
        self.card.write_bytes(head)
        with open(self.card, "r+b") as file:
            file.truncate(image.stat().st_size)
        run("mformat", "-i", firmware_partition(self.card), "-F", "-T", str(FAT_MB << 11), "::")
        run("mcopy", "-n", "-i", firmware_partition(image), "::boot.scr", str(work))
        run("mcopy", "-i", firmware_partition(self.card), str(work / "boot.scr"), "::")
        for slot in MARKS:
            self.fill(slot, kernel(slot))
        self.qemu = run("sh", str(QEMU)).split()
        board = ["-cpu", "cortex-a53", "-m", "512"]
        self.machine = [*board, *with_firmware(work, self.qemu, board, WORDS)]

    def fill(self, slot: str, image: bytes | None) -> None:
        """Put this kernel into the slot, or none."""
        tree = self.work / f"slot-{slot}"
        (tree / "boot").mkdir(parents=True, exist_ok=True)
        (tree / "boot/vmlinuz").unlink(missing_ok=True)
        (tree / "boot/initrd.img").write_bytes(b"x" * 100)
        if image is not None:
            (tree / "boot/vmlinuz").write_bytes(image)
        start = self.starts[1 if slot == "A" else 2]
        run("mke2fs", "-q", "-F", "-t", "ext4", "-d", str(tree), "-E", f"offset={start}", str(self.card),
            f"{SLOT_FS_MB}M")

    def put(self, number: int, data: bytes) -> None:
        """One of the two copies, as it is."""
        with open(self.card, "r+b") as file:
            file.seek(COPIES[number])
            file.write(data)

    def copies(self) -> list[Choice | None]:
        """What the two copies say."""
        with open(self.card, "rb") as file:
            return [boot_choice.decode(file.seek(place) and file.read(SECTOR)) for place in COPIES]

    def power_on(self) -> "subprocess.Popen[bytes]":
        self.serial.write_bytes(b"")
        return subprocess.Popen([*self.qemu, *self.machine, "-nographic", "-nodefaults", "-no-reboot", "-net", "none",
                                 "-serial", f"file:{self.serial}",
                                 "-drive", f"if=none,id=d0,format=raw,cache=unsafe,file={self.card}",
                                 "-device", "virtio-blk-pci,drive=d0"], stdin=subprocess.DEVNULL)

    def start(self) -> str:
        """Power on until a kernel has run; the slot that it is from, which its command line must say too."""
        process = self.power_on()
        try:
            process.wait(START_S)
        finally:
            process.kill()
            process.wait()
        said = self.serial.read_bytes()
        found = re.search(rb"([ab])(\xd0\x0d\xfe\xed.*)", said, re.S)
        assert found, said[-2000:].decode(errors="replace")
        (self.work / "got.dtb").write_bytes(found[2])
        tree = devicetree.read(self.work / "got.dtb")
        chosen = next(node for node in tree.walk() if node.path == "/chosen")
        slot = found[1].decode().upper()
        number = boot_choice.PARTITIONS[slot]
        words = f"{WORDS} root=PARTUUID=5055aa01-0{number} rauc.slot={slot} panic=30"
        self.on_trial = chosen.strings("bootargs") == [f"{words} suntap.trial"]
        assert self.on_trial or chosen.strings("bootargs") == [words]
        first, last = (int.from_bytes(chosen.properties[f"linux,initrd-{end}"]) for end in ("start", "end"))
        assert last - first == 100
        return slot


@pytest.fixture
def board(image: Path, tmp_path: Path) -> Board:
    return Board(image, tmp_path)


def test_a_new_card_starts_slot_a_and_is_not_written_to(board: Board) -> None:
    assert board.start() == "A"
    assert board.copies() == [None, None]


def test_the_kept_slot_is_started(board: Board) -> None:
    boot_choice.write(board.card, Choice("B"))
    assert [board.start(), board.start()] == ["B", "B"]
    assert board.copies() == [Choice("B")] * 2


@pytest.mark.parametrize(("kept", "trial"), [("A", "B"), ("B", "A")])
def test_a_trial_is_counted_down_and_then_the_kept_slot_is_started(board: Board, kept: str, trial: str) -> None:
    boot_choice.write(board.card, Choice(kept).start_next(trial))
    for left in (2, 1, 0):
        assert board.start() == trial and board.on_trial
        assert board.copies() == [Choice(kept, trial, left)] * 2
    assert board.start() == kept and not board.on_trial
    assert boot_choice.read(board.card) == Choice(kept, trial, 0)


def test_a_trial_that_was_judged_good_is_kept(board: Board) -> None:
    boot_choice.write(board.card, Choice("A").start_next("B"))
    assert board.start() == "B"
    boot_choice.write(board.card, boot_choice.read(board.card).judge("B", good=True))
    assert board.start() == "B"


@pytest.mark.parametrize("torn", [0, 1], ids=["the first", "the second"])
def test_with_a_torn_copy_the_other_counts_and_counting_mends_it(board: Board, torn: int) -> None:
    boot_choice.write(board.card, Choice("A", "B", 2))
    board.put(torn, boot_choice.encode(Choice("A"))[:8])
    assert board.copies()[torn] is None
    assert board.start() == "B"
    assert board.copies() == [Choice("A", "B", 1)] * 2


def test_of_two_whole_copies_the_first_counts(board: Board) -> None:
    board.put(0, boot_choice.encode(Choice("B")))
    board.put(1, boot_choice.encode(Choice("A", "B", 3)))
    assert board.start() == "B"
    assert board.copies() == [Choice("B"), Choice("A", "B", 3)]


@pytest.mark.parametrize(("choice", "empty"), [(Choice("A"), "A"), (Choice("B"), "B"), (Choice("A", "B", 3), "B")],
                         ids=str)
def test_a_slot_without_a_kernel_gives_way_to_the_other(board: Board, choice: Choice, empty: str) -> None:
    board.fill(empty, None)
    boot_choice.write(board.card, choice)
    assert board.start() == ("B" if empty == "A" else "A") and not board.on_trial


def test_a_slot_with_a_kernel_that_is_none_gives_way_to_the_other(board: Board) -> None:
    board.fill("A", b"no kernel" * 1000)
    assert board.start() == "B"


def test_after_power_cuts_at_any_time_the_choice_is_the_one_before_or_the_new_one(board: Board) -> None:
    rng = random.Random(22)
    choice = Choice("A").start_next("B")
    boot_choice.write(board.card, choice)
    started = time.monotonic()
    board.start()
    whole = time.monotonic() - started
    for _ in range(CUTS):
        if choice.tries <= 1:
            choice = Choice("A").start_next("B")
            boot_choice.write(board.card, choice)
        choice = boot_choice.read(board.card)
        process = board.power_on()
        time.sleep(rng.uniform(0.3, 1.1) * whole)
        process.kill()
        process.wait()
        after = boot_choice.read(board.card)
        assert after in (choice, Choice("A", "B", choice.tries - 1))
        choice = after
    tried = boot_choice.read(board.card).tries
    assert board.start() == ("B" if tried else "A")
