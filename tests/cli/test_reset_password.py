"""`suntap reset-password`: the password goes, and the next visitor may choose one. What the page makes of it: see
tests/web/security/test_reset."""
import json
import time
from pathlib import Path

from appliance.cli import reset_password
from appliance.history.backup import PASSWORD
from appliance.system.clock import boot_id
from tests.cli.inside import Shell
from webui.security.auth import Auth
from webui.security.claim import OPENED


def test_the_file_by_which_the_page_is_opened_is_the_one_that_the_page_reads(tmp_path: Path) -> None:
    Auth(tmp_path).set_first_password("long enough password")
    assert (tmp_path / PASSWORD).exists() and reset_password.CLAIM == OPENED


def test_the_password_is_forgotten_and_the_claim_is_of_this_boot(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / PASSWORD).write_text("{}")
    done = shell("reset-password", "--data-dir", tmp_path)
    assert done.code == 0 and "choose a new one" in done.out and not (tmp_path / PASSWORD).exists()
    said = json.loads((tmp_path / OPENED).read_text())
    assert said["boot_id"] == boot_id() and 0 <= time.clock_gettime(time.CLOCK_BOOTTIME) - said["at"] < 3600


def test_without_a_password_it_says_so_and_is_done(shell: Shell, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        done = shell("reset-password", "--data-dir", folder)
        assert done.code == 0 and "no password is set" in done.out
    assert not (tmp_path / "none").exists()


def test_a_password_that_cannot_be_removed_is_one_line(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / PASSWORD).mkdir()
    done = shell("reset-password", "--data-dir", tmp_path)
    assert done.code == 1 and "run this as root" in done.err and done.err.count("\n") == 1
