"""What root does is done in a sandbox: systemd's own measure of each unit."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "image"
UNITS = sorted(path for place in ("rootfs-overlay/usr/lib/systemd/system", "deb/debian")
               for path in (ROOT / place).glob("*.service"))
DATA = ROOT / "rootfs-overlay/usr/lib/systemd/system/suntap-data.service"
EXPOSED = 4.0
# What gives a unit a mount namespace of its own (systemd.exec(5), "implies" PrivateMounts= or mount propagation).
OWN_MOUNTS = re.compile(r"^(Private(Mounts|Tmp|Devices|Network|IPC|Users)"
                        r"|Protect(System|Home|Proc|Kernel\w+|ControlGroups)|ProcSubset|(ReadWrite|ReadOnly|Inaccessible|Exec|NoExec|Bind|BindReadOnly)Paths"
                        r"|TemporaryFileSystem|MountFlags|MountAPIVFS|Root\w+|DynamicUser)=", re.M)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=[path.stem for path in UNITS])
def test_a_unit_is_sandboxed(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name.removeprefix("suntap.")
    copy.write_bytes(unit.read_bytes())
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=100", str(copy)],
                          capture_output=True, text=True, check=False)
    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    if found is None:
        pytest.skip("only for systemd-analyze that judges a file (systemd 250)")
    assert float(found[1]) < EXPOSED


@pytest.mark.parametrize("unit", UNITS, ids=[path.stem for path in UNITS])
def test_every_unit_has_a_bound_on_its_memory(unit: Path) -> None:
    assert re.search(r"^MemoryMax=[0-9]+M$", unit.read_text(), re.M)


def test_what_mounts_the_data_partition_has_the_machines_mounts() -> None:
    assert not OWN_MOUNTS.search(DATA.read_text())
    assert OWN_MOUNTS.search(DATA.with_name("suntap-grow.service").read_text())


def test_what_makes_the_inbox_folder_may_set_its_group_bit() -> None:
    """Without either systemd-tmpfiles makes the folder and says nothing of the missing bit."""
    unit = DATA.read_text()
    assert re.search(r"^CapabilityBoundingSet=.*\bCAP_FSETID\b", unit, re.M) and "RestrictSUIDSGID=yes" not in unit
