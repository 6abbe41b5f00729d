"""What the medium below the data directory tells about its own health: wear, and errors of its file system.

Theory: eMMC tells how many of the writes it is made for are used (life_time) and how many of its spare blocks
(pre_eol_info); JEDEC JESD84-B51, EXT_CSD 267 to 269. SD cards and USB sticks tell neither. ext4 counts its errors in
the superblock until a check of the whole file system clears them. All of it is in sysfs and readable by everyone.
"""
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.health import disk
from appliance.health.notices import Notice

STEP_PERCENT = 10       # one step of life_time: 1 is up to 10 % used, 10 up to 100 %, 11 more than it is made for
WORN_STEP = 10          # told from here on: more than 90 % used
LATEST = 1 << 32        # a later time of an error is a damaged one
SPARE_WARNING = 2       # pre_eol_info: 1 is normal, 2 is 80 % of the spare blocks used, 3 is 90 %


@dataclass(frozen=True, slots=True)
class Card:
    """0 where the medium does not tell. `life` and `spare` in the medium's steps, `first_error` in UTC seconds."""

    life: int = 0
    spare: int = 0
    errors: int = 0
    first_error: int = 0


def read(data_dir: Path) -> Card:
    """Read what the medium that holds `data_dir` tells. Never raises: what cannot be read is 0."""
    try:
        partition = disk.partition(os.stat(data_dir).st_dev)
    except OSError:
        return Card()
    medium = (partition.parent if (partition / "partition").exists() else partition) / "device"
    system = disk.SYSFS / "fs/ext4" / partition.name
    return Card(max(disk.numbers(medium / "life_time")), disk.numbers(medium / "pre_eol_info")[0],
                disk.numbers(system / "errors_count")[0], disk.numbers(system / "first_error_time")[0])


def notices(card: Card) -> list[Notice]:
    """What the owner should know about the medium; empty while it is in order, or tells nothing."""
    found = []
    if card.life >= WORN_STEP:
        used = f"more than {(min(card.life, 11) - 1) * STEP_PERCENT} %"
        found.append(Notice("worn", f"The storage of this box has used {used} of the writes that it is made for."))
    if card.spare >= SPARE_WARNING:
        found.append(Notice("worn", "The storage of this box has used up most of its spare blocks."))
    if card.errors:
        plausible = 0 < card.first_error < LATEST
        first = datetime.fromtimestamp(card.first_error * plausible, UTC)
        when = f", first on {first:%Y-%m-%d at %H:%M} UTC" if plausible else ""
        found.append(Notice("card", f"The file system of the card had {card.errors:,} error{'s' * (card.errors > 1)}"
                                    f" since its last check{when}."))
    return found
