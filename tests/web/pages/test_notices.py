"""The page of notices: listed with since when and what to do, and dismissed by the recorder; Today tells the owner."""
from contextlib import closing
from pathlib import Path

import pytest

from appliance import settings, store
from appliance.health import notices
from appliance.health.log import Log
from appliance.outputs.contract import Fact, Facts
from appliance.store import inbox
from appliance.supervisor import commands
from appliance.system.heartbeat import PROCESSES, Heartbeat
from tests.web.conftest import NOON, FixedClock, Visitor


@pytest.fixture
def told(roof: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A notice that is there since yesterday."""
    found = notices.Notice("dead", "Inverter <7> made nothing.", device="7")
    monkeypatch.setattr(notices, "collect", lambda *_: [found])
    for name in PROCESSES:
        Heartbeat(name, roof).beat(interface="lo")
    with closing(store.connect(roof)) as connection:
        Log().keep(connection, Facts(notices=[Fact("dead", "warn", found.text, found.check, "7")]),
                   int(NOON) - 86400)
    return roof


def test_a_notice_has_its_day_its_advice_and_a_way_to_put_it_away(
        owner: Visitor, guest: Visitor, told: Path, config: Path, clock: FixedClock) -> None:
    for path in ("/notices", "/"):
        shown = owner.get(path).text
        assert "Inverter &lt;7&gt; made nothing." in shown and "give your installer" in shown, path
    assert "Since" in owner.get("/notices").text and "Inverter &lt;7" not in guest.get("/").text
    assert owner.send("/notices", "/notices/dismiss", id="1").status_code == 302
    assert "Working on it" in owner.get("/notices").text
    with closing(store.connect(told)) as history, closing(inbox.connect(told)) as received:
        assert commands.run_waiting(commands.Work(history, received, settings.load(config), config, clock,
                                                  lambda *_: None)) == 1
    after = owner.get("/notices").text
    assert "Nothing needs you." in after and "dismissed" in after and "still there" in after
    assert "made nothing" not in owner.get("/").text


@pytest.mark.parametrize("number", ["", "x", "9" * 30])
def test_what_is_no_notice_is_not_found(owner: Visitor, told: Path, number: str) -> None:
    assert owner.send("/notices", "/notices/dismiss", id=number).status_code == 404
