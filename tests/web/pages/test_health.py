"""/healthz: for monitors, open to everybody, and it says no more than the names of what is wrong."""
from pathlib import Path

import pytest

from appliance.health.status import Status
from tests.web.conftest import Visitor


@pytest.mark.parametrize(("works", "status"), [(True, 200), (False, 503)])
def test_the_status_is_the_answer(guest: Visitor, monkeypatch: pytest.MonkeyPatch, works: bool, status: int) -> None:
    monkeypatch.setattr(Status, "healthy", lambda _: (works, [] if works else ["disk: /var/lib/suntap is full"]))
    answer = guest.get("/healthz")
    assert (answer.status_code, answer.json) == (status, {"ok": works, "reasons": [] if works else ["disk"]})


def test_the_owner_is_told_why(owner: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Status, "healthy", lambda _: (False, ["disk: it is full"]))
    assert owner.get("/healthz").json == {"ok": False, "reasons": ["disk: it is full"]}


def test_a_history_that_is_damaged_is_an_answer_too(guest: Visitor, data_dir: Path) -> None:
    (data_dir / "suntap.sqlite3").write_bytes(b"no database" * 1000)
    assert guest.get("/healthz").status_code == 503
