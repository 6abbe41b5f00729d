"""A card to which nothing can be written any more: the diagnostics page offers its check, and tells how far it is."""
from pathlib import Path

import pytest
from flask import Flask

from appliance.health import disk
from appliance.system.handover import Handover
from tests.web.conftest import Visitor

BUTTON = 'data-busy="Asking…"'


@pytest.fixture
def root(app: Flask, tmp_path: Path) -> Handover:
    """Root's side, as on the SD-card image."""
    (tmp_path / "suntap-repair").mkdir()
    app.config["REPAIR"] = tmp_path / "suntap-repair"
    return Handover(tmp_path, "suntap-repair", "none")


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an error of the card."""
    monkeypatch.setattr(disk, "stopped", lambda data_dir: True)


def test_a_card_in_order_is_offered_no_check(owner: Visitor, root: Handover) -> None:
    assert BUTTON not in owner.get("/diagnostics").text


def test_elsewhere_than_on_the_image_no_check_is_offered(owner: Visitor, app: Flask, tmp_path: Path,
                                                         stopped: None) -> None:
    app.config["REPAIR"] = tmp_path / "none"
    assert BUTTON not in owner.get("/diagnostics").text
    owner.send("/settings", "/diagnostics/repair")
    assert "no card that suntap could check" in owner.get("/diagnostics").text
    assert not (tmp_path / "none").exists()


def test_the_check_is_asked_for_and_followed_to_its_end(owner: Visitor, root: Handover, stopped: None) -> None:
    assert BUTTON in owner.get("/diagnostics").text
    assert owner.send("/diagnostics", "/diagnostics/repair").status_code == 302
    assert root.state().name == "asked"
    asked = owner.get("/diagnostics").text
    assert "Check of the card: it begins in a moment." in asked and BUTTON not in asked
    root.take()
    root.report(None, "The card is being checked.")
    state = owner.get("/diagnostics/repair/state")
    assert "The card is being checked." in state.text and "X-Again" not in state.headers
    owner.send("/settings", "/diagnostics/repair")
    assert root.state().name == "working"
    root.report(True, "the card was checked and is in use again")
    assert "is in use again" in owner.get("/diagnostics").text
    assert owner.get("/diagnostics/repair/state").headers["X-Again"] == "1"


def test_a_check_that_failed_is_told_and_offered_again(owner: Visitor, root: Handover, stopped: None) -> None:
    root.report(False, "The card could not be <repaired>.")
    text = owner.get("/diagnostics").text
    assert "did not work" in text and "&lt;repaired&gt;" in text and BUTTON in text
