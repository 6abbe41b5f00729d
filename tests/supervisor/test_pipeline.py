"""The pipeline: one call brings slots and outbox together, also after a kill between the two."""
from pathlib import Path

import pytest

from appliance import ledger
from appliance.pvoutput import outbox_rows
from appliance.settings import Settings
from appliance.store import inbox
from appliance.supervisor import pipeline
from tests.ledger.support import HOUR, LA, NOON, Box, run_of, upload

SETTINGS = Settings(site=LA)
LATER = NOON + 2 * HOUR


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A box with an hour of one inverter in its inbox, nothing derived yet."""
    made = Box(tmp_path)
    inbox.append(made.inbox, [upload(run_of(NOON, 13, 10_000, 500), NOON + HOUR)])
    return made


def rows(box: Box) -> list[tuple[int, int]]:
    return box.store.execute("SELECT time, v1 FROM outbox ORDER BY time").fetchall()


def test_one_call_takes_uploads_to_outbox_rows(box: Box) -> None:
    done = pipeline.derive(box.inbox, box.store, SETTINGS, LATER)
    assert (done.uploads, done.readings, done.days, done.opened) == (1, 13, ("2026-05-09",), True)
    assert rows(box)[-1][1] == 600  # twelve intervals of 50 Wh, in Wh since midnight
    assert ledger.changed(box.store) == ()


def test_what_the_ledger_had_told_before_a_kill_reaches_the_outbox_with_the_next_call(box: Box) -> None:
    assert ledger.ingest(box.inbox, box.store, LA).days == ("2026-05-09",)  # and here the process is killed
    assert rows(box) == []
    done = pipeline.derive(box.inbox, box.store, SETTINGS, LATER)
    assert done.uploads == 0 and done.days == ("2026-05-09",) and rows(box)[-1][1] == 600


def test_without_news_and_refresh_the_outbox_is_left_alone(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.derive(box.inbox, box.store, SETTINGS, LATER)
    monkeypatch.setattr(outbox_rows, "refresh", lambda *_: pytest.fail("the outbox was looked at"))
    assert not pipeline.derive(box.inbox, box.store, SETTINGS, LATER, refresh=False).opened


def test_a_rebuild_opens_no_row_whose_value_stays(box: Box) -> None:
    pipeline.derive(box.inbox, box.store, SETTINGS, LATER)
    box.store.execute("UPDATE outbox SET state = 'sent'")
    done = pipeline.rebuild(box.inbox, box.store, SETTINGS, LATER)
    assert (done.uploads, done.readings) == (1, 13) and not done.opened
    assert box.store.execute("SELECT count(*) FROM outbox WHERE state <> 'sent'").fetchone() == (0,)
