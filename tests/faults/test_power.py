"""Power cuts: everything that was written and not yet synced is gone. Afterwards the truth, exactly.

The disk is an ext4 image behind a loop device. What the image holds is what reached the disk; what is only in the
kernel's memory is not in it. A cut: both processes are stopped, the image is copied as it is, the processes are killed,
and the machine goes on with the copy. The spool and PVOutput are outside: they remember what they were promised.
SUNTAP_SEED repeats a run, SUNTAP_CUTS makes more of it.
"""
import os
import random
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from appliance import settings
from appliance.settings import load
from appliance.simulate.pvoutput import PvOutput
from appliance.simulate.pvoutput_site import System
from appliance.store import FILE, inbox
from appliance.store.integrity import damage
from appliance.system.clock import Clock
from tests.cli.command import suntap
from tests.cli.processes import kill, running, wait_for
from tests.faults.support import (
    END,
    RATE,
    SEED,
    ZONE,
    bodies,
    check_site,
    configured,
    doing,
    nothing_waits,
    report,
    stop,
)

CUTS = int(os.environ.get("SUNTAP_CUTS", "12"))
IMAGE_MIB = 64

pytestmark = [pytest.mark.root, pytest.mark.skipif(not shutil.which("mkfs.ext4"), reason="needs mkfs.ext4: e2fsprogs")]


class Disk:
    """An ext4 file system at `folder` that can lose its power. The kernel writes nothing back by itself for minutes."""

    def __init__(self, folder: Path, image: Path) -> None:
        self.folder, self.image = folder, image
        folder.mkdir()
        with open(image, "wb") as file:
            file.truncate(IMAGE_MIB << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
        self.mount()

    def mount(self) -> None:
        subprocess.run(["mount", "-o", "loop,commit=300", str(self.image), str(self.folder)], check=True)

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)

    def copy(self) -> Path:
        """What is on the disk right now."""
        crashed = self.image.with_name("crashed")
        crashed.unlink(missing_ok=True)
        subprocess.run(["cp", "--sparse=always", str(self.image), str(crashed)], check=True)
        return crashed

    def go_on_with(self, crashed: Path) -> None:
        """The file system as the cut left it; mounting it replays its journal, as a boot does."""
        self.unmount()
        os.replace(crashed, self.image)
        found = subprocess.run(["e2fsck", "-p", str(self.image)], capture_output=True, text=True, check=False)
        assert found.returncode in (0, 1), found.stdout
        self.mount()


@pytest.fixture
def disk(tmp_path):
    made = Disk(tmp_path / "disk", tmp_path / "image")
    yield made
    made.unmount()


def test_the_disk_of_this_test_forgets_what_was_not_synced(disk):
    with open(disk.folder / "kept", "wb") as file:
        file.write(b"synced")
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(disk.folder, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    (disk.folder / "gone").write_bytes(b"not synced")
    disk.go_on_with(disk.copy())
    assert (disk.folder / "kept").read_bytes() == b"synced"
    assert not (disk.folder / "gone").exists()


def test_power_cuts_at_random_moments_lose_nothing_that_was_promised(disk, roof, captures, tmp_path):
    rng = random.Random(SEED)
    clock = Clock(time.time(), END + 1800, RATE)
    environment = {"SUNTAP_CLOCK": clock.to_environment()}
    spool = tmp_path / "spool"
    spool.mkdir()
    pending, found = list(captures), Counter[str]()
    with PvOutput(clock, System(size_w=roof.size_w, timezone=ZONE)) as server:
        config = configured(disk.folder, server.url)
        os.sync()
        size_w = 10_000

        def start(name: str, *more: object):
            return running("run", name, *more, "--config", config, log=tmp_path / "log", **environment)

        for _ in range(CUTS):
            for path in pending[:2]:
                shutil.copy(path, spool / path.name)
            del pending[:2]
            with start("capture", "--spool", spool) as capture, start("supervisor") as supervisor:
                time.sleep(rng.uniform(0.4, 1.6))
                size_w += 1
                settings.update(config, {"site.size_w": size_w})
                for process in (capture, supervisor):
                    stop(process.pid)
                time.sleep(0.05)
                crashed = disk.copy()
                found["files to read" if any(spool.iterdir()) else doing(disk.folder / "data") or "posting"] += 1
                asked, taken = len(server.requests), {path.name for path in spool.iterdir()}
                for process in (capture, supervisor):
                    kill(process.pid)
                    process.wait()
            disk.go_on_with(crashed)
            assert load(config).site.size_w == size_w, SEED
            for name in (inbox.FILE, FILE):
                assert damage(disk.folder / "data" / name) == "", (SEED, name)
            assert asked == len(server.requests) and taken == {path.name for path in spool.iterdir()}
        for path in pending:
            shutil.copy(path, spool / path.name)
        with start("capture", "--spool", spool), start("supervisor"):
            wait_for(lambda: not any(spool.iterdir()))
            wait_for(lambda: nothing_waits(disk.folder))
        check_site(server, roof)
    report(f"power cuts, {len(server.requests)} requests", found)
    plain = tmp_path / "plain"
    assert suntap("import", *captures, "--data-dir", plain).code == 0
    assert bodies(disk.folder / "data") == bodies(plain), SEED
    assert not list((disk.folder / "data").glob("*.damaged-*"))
    assert "Traceback" not in (tmp_path / "log").read_text()
