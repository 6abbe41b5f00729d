"""What happens to the box of the health tests: uploads, devices, rows of the outbox; its card."""
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from appliance import store
from appliance.health import status
from appliance.settings import PVOutput, Secret, Settings
from appliance.store import inbox
from appliance.system.clock import Clock
from spcore.uploads import Upload

NOW = 1_778_342_400


def states(loaded: Settings, clock: Clock) -> dict[str, str]:
    return {lamp["name"]: lamp["state"] for lamp in status.collect(loaded, clock).to_json()["lamps"]}


def hear(box: Settings, at: float) -> None:
    with closing(inbox.connect(box.store.data_dir)) as connection:
        heard = Upload(int(at * 1e6), "192.0.2.1:1", "192.0.2.2:80", "/Data/x", b"100\t%d" % at, True)
        inbox.append(connection, [heard])


def device(box: Settings, kind: str, at: float) -> None:
    with closing(store.connect(box.store.data_dir)) as connection:
        connection.execute("INSERT INTO device (kind, serial, model, first_seen, last_seen) VALUES (?, 'S', 'M', ?, ?)",
                           (kind, int(at), int(at)))


def outbox(box: Settings, state: str, time: int = NOW) -> None:
    with closing(store.connect(box.store.data_dir)) as connection:
        connection.execute("INSERT INTO outbox (time, day, v1, state) VALUES (?, '2026-05-09', 1, ?)", (time, state))


def with_account(box: Settings) -> Settings:
    return replace(box, pvoutput=PVOutput(enabled=True, api_key=Secret("k"), system_id="1"))


def system(folder: Path, data_dir: Path, **files: str) -> Path:
    """A sysfs in which `data_dir` is on partition 3 of an eMMC that tells `files` (by name)."""
    device = os.stat(data_dir).st_dev
    disk_folder, errors = folder / "devices/mmc0/block/mmcblk0", folder / "fs/ext4/mmcblk0p3"
    for path in (disk_folder / "mmcblk0p3", disk_folder / "device", folder / "dev/block", errors):
        path.mkdir(parents=True)
    (disk_folder / "mmcblk0p3/partition").write_text("3\n")
    link = folder / f"dev/block/{os.major(device)}:{os.minor(device)}"
    link.symlink_to(disk_folder / "mmcblk0p3")
    for name, text in files.items():
        (errors if "error" in name else disk_folder / "device").joinpath(name).write_text(text)
    return folder
