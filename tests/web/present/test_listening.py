"""The first visit's lamps say what is missing."""
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings
from tests.web.conftest import NOON, TODAY, FixedClock
from tests.web.roof import Roof, fill
from webui.present import listening


def network(root: Path, carriers: dict[str, str], bridge: str = "br0") -> Path:
    """A /sys/class/net with a bridge over these ports."""
    (root / bridge / "brif").mkdir(parents=True)
    for name, carrier in carriers.items():
        (root / name).mkdir()
        (root / name / "carrier").write_text(f"{carrier}\n")
        (root / bridge / "brif" / name).mkdir()
    return root


@pytest.mark.parametrize(("carriers", "state", "words"), [
    ({"eth0": "1", "eth1": "1"}, "ok", "eth0 and eth1 are up"),
    ({"eth0": "1", "eth1": "0"}, "unknown", "eth0 up, eth1 without"),
    ({"eth0": "0", "eth1": "0"}, "unknown", "eth0 and eth1 without"), ({}, "bad", "joins no sockets")])
def test_both_ports_of_the_bridge_count(tmp_path: Path, carriers: dict[str, str], state: str, words: str) -> None:
    lamp = listening.cable("br0", network(tmp_path, carriers))
    assert lamp.state == state and words in lamp.text
    assert bool(lamp.check) == (state != "ok")


def test_an_interface_that_is_missing_is_named(tmp_path: Path) -> None:
    lamp = listening.cable("br7", tmp_path)
    assert lamp.state == "bad" and "br7" in lamp.text and "Settings" in lamp.check


def test_an_interface_without_a_bridge_counts_alone() -> None:
    assert listening.cable("lo").state == "ok"


def test_lamps_turn_green_along_the_way_of_a_record(app: Flask, data_dir: Path, clock: FixedClock) -> None:
    with app.test_request_context("/"):
        found = listening.lamps(app.extensions["suntap"])
        assert [lamp.state for lamp in found] == ["ok", "unknown", "unknown"] and found[1].check and found[2].check
    night = Roof(serials=[])
    fill(data_dir, settings.Settings(), night.uploads(TODAY, 1, until=NOON), NOON)
    with app.test_request_context("/"):
        found = listening.lamps(app.extensions["suntap"])
        assert [lamp.state for lamp in found] == ["ok", "ok", "unknown"]
        assert "ZT160000000441C0001 (SMSPVS20R1, firmware 1.4.10 Build 10102619)" in found[1].text
    fill(data_dir, settings.Settings(), Roof().uploads(TODAY, 1, until=NOON + 300), NOON)
    with app.test_request_context("/"):
        assert [lamp.state for lamp in listening.lamps(app.extensions["suntap"])] == ["ok"] * 3
