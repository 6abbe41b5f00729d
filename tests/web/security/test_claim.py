"""When a first password may be chosen: within the first minutes of power, of a new process, or of the owner's command.
How a stranger tries: tests/attack/test_login."""
import json
from pathlib import Path

import pytest

from appliance.system.clock import boot_id
from appliance.system.heartbeat import Heartbeat
from webui.limits import CLAIM_S
from webui.security import claim
from webui.security.claim import Claim


@pytest.fixture
def since_power_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[float]:
    """The clock that runs since power-on, in a boot in which the page ran before."""
    now = [10.0 * CLAIM_S]
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setattr(claim, "_since_power_on", lambda: now[0])
    Heartbeat("web", tmp_path).beat()
    return now


@pytest.mark.parametrize(("at", "is_open"), [(0, True), (CLAIM_S - 1, True), (CLAIM_S, False), (CLAIM_S + 1, False)])
def test_it_is_open_for_its_time_after_power_on(since_power_on, tmp_path: Path, at: float, is_open: bool) -> None:
    since_power_on[0] = float(at)
    assert Claim(tmp_path).is_open() is is_open


def test_a_page_that_is_new_on_a_machine_that_runs_for_long_has_its_time_too(since_power_on, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    window = Claim(tmp_path / "new")
    assert window.is_open()
    since_power_on[0] += CLAIM_S
    assert not window.is_open()


@pytest.mark.parametrize(("ago", "is_open"), [(-1, False), (0, True), (CLAIM_S - 1, True), (CLAIM_S, False)])
def test_the_owners_command_opens_it_for_its_time(since_power_on, tmp_path: Path, ago: float, is_open: bool) -> None:
    (tmp_path / claim.OPENED).write_text(json.dumps({"boot_id": boot_id(), "at": since_power_on[0] - ago}))
    assert Claim(tmp_path).is_open() is is_open


def test_a_link_or_a_pipe_in_its_place_opens_nothing(since_power_on, tmp_path: Path) -> None:
    good = tmp_path / "good"
    good.write_text(json.dumps({"boot_id": boot_id(), "at": since_power_on[0]}))
    (tmp_path / claim.OPENED).symlink_to(good)
    assert not Claim(tmp_path).is_open()
