"""The raspios profile's layout, which rpi-image-gen's own tools cannot make into an image here: genimage can."""
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.image.conftest import TOP, build
from tests.image.machine import firmware_partition
from tests.image.namespaces import run

pytestmark = pytest.mark.image

# As rpi-image-gen's firmware layer installs it, and what other layouts add.
CMDLINE = "console=serial0,115200 console=tty1 root=ROOTDEV fsck.repair=yes rootwait rw\n"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image of a root file system with a few files, made as rpi-image-gen makes it: in a folder of its own."""
    build(["sh", "-c", ". image/lib.sh; need_packages genimage dosfstools mtools e2fsprogs fdisk"])
    work = tmp_path_factory.mktemp("raspios")
    root, out = work / "root", work / "out"
    for folder in (root / "boot/firmware", root / "etc", root / "data", out):
        folder.mkdir(parents=True)
    (root / "boot/firmware/cmdline.txt").write_text(CMDLINE)
    environment = os.environ | {
        "IGconf_image_name": "suntap-test", "IGconf_image_suffix": "img", "IGconf_image_boot_part_size": "64M",
        "IGconf_image_root_part_size": "32M", "SOURCE_DATE_EPOCH": "1700000000"}
    layout = TOP / "image/rpi-image-gen/image/suntap/pre-image.sh"
    subprocess.run(["sh", layout, root, out], cwd=work, env=environment, check=True)
    subprocess.run(["genimage", "--rootpath", root, "--tmppath", work / "tmp", "--inputpath", out, "--outputpath", out,
                    "--loglevel", "1", "--config", out / "genimage.cfg"], cwd=work, env=environment, check=True)
    return out / "suntap-test.img"


def test_it_has_the_three_partitions_of_the_debian_profile(image: Path) -> None:
    table = run("sfdisk", "--dump", str(image))
    assert "label-id: 0x5055aa01" in table
    assert re.findall(r"size= *(\d+), type=(\w+)", table) == [
        (str(64 << 11), "c"), (str(32 << 11), "83"), (str(128 << 11), "83")]


def test_the_kernel_is_told_of_the_root_partition_and_of_no_way_to_write_it(image: Path) -> None:
    told = run("mtype", "-i", firmware_partition(image), "::cmdline.txt").split()
    assert "root=LABEL=SUNTAPROOT" in told and "fsck.repair=yes" in told
    assert not {"ro", "rw"} & set(told)


@pytest.mark.parametrize(("part", "label"), [("root", "SUNTAPROOT"), ("data", "SUNTAPDATA")])
def test_a_file_system_that_was_written_to_is_checked_as_a_whole_before_it_is_used_again(
        image: Path, part: str, label: str) -> None:
    known = run("dumpe2fs", "-h", str(image.with_name(f"{part}.ext4")))
    assert re.search(rf"volume name: +{label}$", known, re.M)
    assert re.search(r"Maximum mount count: +1$", known, re.M)
