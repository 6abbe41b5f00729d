"""From power-on to the bridge, each board finds the drivers that its device tree asks for: those of its card in the
initramfs, those of its network sockets and watchdog on the root file system.

No board is at hand. What is tested is that every driver is there and would be loaded, by walking the kernel's own
device trees against its own list of what its modules are for.
"""
import fnmatch
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.image.devicetree import Node, needed, read
from tests.image.machine import firmware_partition

pytestmark = [pytest.mark.image, pytest.mark.root]

SDHOST, EMMC2, BRCMSTB = "brcm,bcm2835-sdhost", "brcm,bcm2711-emmc2", "brcm,bcm2712-sdhci"
DWC2, WATCHDOG = "brcm,bcm2835-usb", "brcm,bcm2835-pm-wdt"
RP1 = ("raspberrypi,rp1-gem", "snps,dwc3")
# device tree → (its card's controller, its network sockets and the controllers of its USB sockets)
BOARDS = {
    "bcm2837-rpi-3-b": (SDHOST, ("usb424,ec00",)),
    "bcm2837-rpi-3-b-plus": (SDHOST, ("usb424,7800",)),
    "bcm2837-rpi-zero-2-w": (SDHOST, (DWC2,)),
    "bcm2711-rpi-4-b": (EMMC2, ("brcm,bcm2711-genet-v5", "brcm,bcm2711-pcie")),
    "bcm2711-rpi-400": (EMMC2, ("brcm,bcm2711-genet-v5", "brcm,bcm2711-pcie")),
    "bcm2711-rpi-cm4-io": (EMMC2, ("brcm,bcm2711-genet-v5", DWC2)),
    "bcm2712-rpi-5-b": (BRCMSTB, RP1),
    "bcm2712-d-rpi-5-b": (BRCMSTB, RP1),
}
# What needs no driver of this name: built into the kernel without an entry in its list, or an input of the clocks that
# only the display uses (dsi).
DECLARED = {
    "fixed-clock", "arm,gic-400", "brcm,bcm2836-l1-intc", "brcm,bcm2836-armctrl-ic",
    "usb424,9514",                      # a hub: usbcore
    "brcm,bcm2835-dsi0", "brcm,bcm2835-dsi1", "brcm,bcm2711-dsi1",
}
ZSTD = bytes.fromhex("28b52ffd")
# Beyond the device trees: what is found on a bus at run time, as the kernel names it (modalias).
PHY = "mdio:" + f"{0x600D84A2:032b}"    # BCM54213PE of Pi 4 and 5
FOUND = {
    "the watchdog's part of the power chip": "platform:bcm2835-wdt",
    "Ethernet PHY of Pi 4 and 5": PHY,
    "USB controller VL805 of the Pi 4": "pci:v00001106d00003483sv00001106sd00003483bc0Csc03i30",
    "Realtek RTL8152, 100 Mbit/s": "usb:v0BDAp8152d2000dc00dsc00dp00icFFiscFFip00in00",
    "Realtek RTL8153, 1 Gbit/s": "usb:v0BDAp8153d3000dc00dsc00dp00icFFiscFFip00in00",
    "Realtek RTL8156, 2.5 Gbit/s": "usb:v0BDAp8156d3000dc00dsc00dp00icFFiscFFip00in00",
    "ASIX AX88772": "usb:v0B95p7720d0001dcFFdscFFdp00icFFiscFFip00in00",
    "ASIX AX88179": "usb:v0B95p1790d0100dcFFdscFFdp00icFFiscFFip00in00",
    "SMSC LAN9500": "usb:v0424p9500d0200dcFFdsc00dp01icFFisc00ipFFin00",
    "Microchip LAN7800": "usb:v0424p7800d0300dcFFdscFFdp00icFFisc00ipFFin00",
    "an adapter of the class CDC NCM": "usb:v1234p5678d0100dc02dsc00dp00ic02isc0Dip00in00",
    "an adapter of the class CDC ECM": "usb:v1234p5678d0100dc02dsc00dp00ic02isc06ip00in00",
}


@dataclass
class Kernel:
    """What the kernel of the image has: `file`, as U-Boot loads it; `trees`, a folder of device trees;
    `initramfs`, the modules there; `aliases`: a pattern's beginning without wildcards, the pattern, its module ("" for
    what is built in); `blacklisted` modules load for no device."""

    file: Path
    trees: Path
    initramfs: set[str]
    aliases: list[tuple[str, str, str]]
    blacklisted: set[str]

    def drivers(self, *modaliases: str) -> set[str]:
        """The modules for a device with one of these names ("" for what is built in); empty without any."""
        return {module for modalias in modaliases for beginning, pattern, module in self.aliases
                if modalias.startswith(beginning) and fnmatch.fnmatchcase(modalias, pattern)} - self.blacklisted

    def tree(self, board: str) -> Node:
        """The root of the board's device tree."""
        return read(self.trees / f"{board}.dtb")


def names(node: Node) -> list[str]:
    """The kernel's names for a device of the tree."""
    found = []
    for name in node.compatible:
        found.append(f"of:NnameTtypeC{name}")
        if match := re.fullmatch(r"usb([0-9a-f]+),([0-9a-f]+)", name):
            found.append(f"usb:v{int(match[1], 16):04X}p{int(match[2], 16):04X}d0100dcFFdscFFdp00icFFiscFFipFFin00")
        if match := re.fullmatch(r"pci([0-9a-f]+),([0-9a-f]+)", name):
            found.append(f"pci:v{int(match[1], 16):08X}d{int(match[2], 16):08X}sv00000000sd00000000bc02sc00i00")
    return found


def missing(kernel: Kernel, nodes: Iterable[Node], there: set[str] | None = None) -> list[str]:
    """The devices among `nodes` without a driver, or with none built in or `there` (None: all modules are)."""
    found = []
    for node in nodes:
        drivers = kernel.drivers(*names(node))
        if DECLARED.isdisjoint(node.compatible) and not (drivers if there is None else drivers & (there | {""})):
            found.append(f"{node.path} {node.compatible}: {sorted(drivers) or 'no driver'}")
    return found


def devices(root: Node, *compatible: str) -> list[Node]:
    """Of each, the enabled devices; at least one."""
    found = []
    for name in compatible:
        some = [node for node in root.walk() if name in node.compatible and node.enabled]
        assert some, f"no {name} in use"
        found += some
    return found


def debugfs(image: Path, request: str) -> str:
    """What debugfs says of slot A's file system."""
    return subprocess.run(["debugfs", "-R", request, str(image.with_name("root.ext4"))], capture_output=True,
                          check=True).stdout.decode()


@pytest.fixture(scope="module")
def kernel(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    work = tmp_path_factory.mktemp("kernel")
    subprocess.run(["mcopy", "-n", "-i", firmware_partition(image), "::*.dtb", str(work)], check=True)
    for name in ("vmlinuz", "initrd.img"):
        debugfs(image, f"dump /boot/{name} {work / name}")
    version = re.search(r"/(\d[^/]*\.[^/]*)//?$", debugfs(image, "ls -p /usr/lib/modules"), re.M)[1]
    listing = "\n".join(archived((work / "initrd.img").read_bytes()))

    def root(path: str) -> str:
        """A file of the root file system."""
        return debugfs(image, f"cat {path}")

    folder = f"/usr/lib/modules/{version}"
    built_in = re.findall(r"(?:^|\0)[^.\0]+\.alias=([^\0]*)", root(f"{folder}/modules.builtin.modinfo"))
    aliases = re.findall(r"^alias (\S+) (\S+)$", root(f"{folder}/modules.alias"), re.M)
    aliases += [(name, "") for name in built_in]
    blacklist = re.findall(r"^(?:blacklist|install) (\S+)", root("/etc/modprobe.d/90-suntap.conf"), re.M)
    return Kernel(work / "vmlinuz", work, module_names(listing),
                  [(re.split(r"[*?\[]", name, maxsplit=1)[0], name, module) for name, module in aliases],
                  set(blacklist))


def archived(initramfs: bytes) -> list[str]:
    """The files in an initramfs: archives one after the other (cpio's newc, Documentation/driver-api/early-userspace),
    the last of them packed by zstd."""
    found, at = [], 0
    while at < len(initramfs):
        if initramfs[at:at + 4] == ZSTD:
            unpacked = subprocess.run(["zstd", "-dcq"], input=initramfs[at:], capture_output=True, check=True).stdout
            return found + archived(unpacked)
        if initramfs[at] == 0:          # between archives
            at += 4
            continue
        header = initramfs[at:at + 110]
        assert header[:6] == b"070701", f"no archive at {at}"
        size, name = int(header[54:62], 16), int(header[94:102], 16)
        found.append(initramfs[at + 110:at + 109 + name].decode())
        at = -(-(-(-(at + 110 + name) // 4) * 4 + size) // 4) * 4
    return found


def module_names(listing: str) -> set[str]:
    """Of modules' files, the names that depmod gives them."""
    return {name.replace("-", "_") for name in re.findall(r"([^/\n]+)\.ko(?:\.\w+)?$", listing, re.M)}


def test_the_kernel_has_the_form_that_u_boot_starts(kernel: Kernel) -> None:
    """arm64's plain Image (Documentation/arch/arm64/booting.rst): packed for UEFI it would have other magic there."""
    with open(kernel.file, "rb") as file:
        assert file.read(64)[56:60] == b"ARMd"


@pytest.mark.parametrize("board", BOARDS)
def test_what_leads_to_the_card_is_in_the_initramfs(kernel: Kernel, board: str) -> None:
    root = kernel.tree(board)
    assert missing(kernel, needed(root, devices(root, BOARDS[board][0])), kernel.initramfs) == []
    assert {"ext4", "overlay"} <= kernel.initramfs


@pytest.mark.parametrize("board", BOARDS)
def test_network_sockets_and_watchdog_have_their_drivers(kernel: Kernel, board: str) -> None:
    root = kernel.tree(board)
    sockets = [node for device in devices(root, *BOARDS[board][1], WATCHDOG) for node in device.walk() if node.enabled]
    assert missing(kernel, needed(root, sockets)) == []


@pytest.mark.parametrize("what", FOUND)
def test_what_is_plugged_in_has_its_driver(kernel: Kernel, what: str) -> None:
    assert kernel.drivers(FOUND[what])


def test_nothing_is_excused_that_has_a_name_in_the_list(kernel: Kernel) -> None:
    """Each name in DECLARED is used by a board, and has no driver by that name."""
    used = {name for path in kernel.trees.glob("*.dtb") for node in read(path).walk() for name in node.compatible}
    assert used >= DECLARED
    assert [name for name in sorted(DECLARED) if kernel.drivers(f"of:NnameTtypeC{name}")] == []


def test_a_driver_that_is_not_there_is_noticed(kernel: Kernel) -> None:
    """Each module on the Pi 4's way to its card is missed when it is taken away."""
    root = kernel.tree("bcm2711-rpi-4-b")
    nodes = needed(root, devices(root, EMMC2))
    modules = {name for node in nodes for name in kernel.drivers(*names(node))} - {""}
    assert {"sdhci_iproc", "gpio_regulator", "fixed"} <= modules
    assert [name for name in sorted(modules) if not missing(kernel, nodes, kernel.initramfs - {name})] == []
