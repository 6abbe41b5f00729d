"""Whether a start has an update to end: the question that suntap-update-begin asks first, of real folders."""
import subprocess
from pathlib import Path

import pytest

from appliance.system.handover import Handover
from appliance.update import requested

OVERLAY = Path(__file__).parents[2] / "image/rootfs-overlay/usr/lib"
SCRIPT = OVERLAY / "suntap-image/update-left"
UNIT = OVERLAY / "systemd/system/suntap-update-begin.service"


@pytest.fixture
def page(tmp_path: Path) -> Handover:
    for name in ("root", "update"):
        (tmp_path / name).mkdir()
    return requested.handover(tmp_path)


def left(page: Handover) -> bool:
    return not subprocess.run([SCRIPT, page.folder.with_name("root"), page.folder], check=False).returncode


def test_on_a_box_that_was_never_updated_nothing_is_left(page: Handover) -> None:
    assert not left(page)


@pytest.mark.parametrize("file", ["root/trial.json", "root/system.raucb", "update/bundle", "update/bundle.part"])
def test_a_file_that_is_there_is_left(page: Handover, file: str) -> None:
    page.report(True, "version 0.2.0 works and is kept")
    (page.folder.parent / file).touch()
    assert left(page)


@pytest.mark.parametrize(("ok", "expected"), [(None, True), (True, False), (False, False)])
def test_what_the_page_was_told_last_is_left_where_it_is_no_outcome(
        page: Handover, ok: bool | None, expected: bool) -> None:
    page.report(ok, 'it said "ok": perhaps')
    assert left(page) is expected


@pytest.mark.parametrize("kind", ["folder", "nothing behind a link"])
def test_what_is_no_answer_is_none(page: Handover, kind: str) -> None:
    if kind == "folder":
        (page.folder / "result.json").mkdir()
    else:
        (page.folder / "result.json").symlink_to("none")
    assert not left(page)


def test_the_unit_asks_just_that(page: Handover) -> None:
    assert f"ExecCondition=/usr/lib/suntap-image/{SCRIPT.name}\n" in UNIT.read_text()
    text = SCRIPT.read_text()
    assert str(requested.ROOT) in text and f"/{requested.NAME}}}" in text and f"/{requested.FILE}.part" in text
