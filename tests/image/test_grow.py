"""The data partition could not be extended to the end of the card: the owner is told. (test_boot.py extends one.)"""
import os
import subprocess
from pathlib import Path

import pytest

GROW = Path(__file__).parents[2] / "image/rootfs-overlay/usr/lib/suntap-image/grow"


def grow(tmp_path: Path, partition: str) -> str:
    """What the owner is told after the script has run for a data partition of that name, below a /run of its own."""
    findmnt = tmp_path / "findmnt"
    findmnt.write_text(f"#!/bin/sh\necho {partition}\n")
    findmnt.chmod(0o755)
    script = f"mount -t tmpfs tmpfs /run; {GROW}; cat /run/suntap-image/problems/grow"
    return subprocess.run(["unshare", "--mount", "sh", "-c", script], text=True, stdout=subprocess.PIPE,
                          env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=False).stdout


@pytest.mark.root
def test_a_partition_that_cannot_be_extended_is_told(tmp_path: Path) -> None:
    assert "could not be extended" in grow(tmp_path, "/dev/null")
