"""What root does for the page is done in a sandbox: systemd's own measure of each unit."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "image"
BOOT = {"suntap-data", "suntap-grow", "suntap-network", "suntap-clock"}     # mount, make partitions, set up the network
UNITS = sorted(path for place in ("rootfs-overlay/usr/lib/systemd/system", "deb/debian")
               for path in (ROOT / place).glob("*.service") if path.stem not in BOOT)
EXPOSED = 4.0


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=[path.stem for path in UNITS])
def test_a_unit_that_meets_what_strangers_send_is_sandboxed(unit: Path, tmp_path: Path) -> None:
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
