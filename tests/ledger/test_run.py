"""Rebuild, another inbox, progress and limits."""

from appliance import ledger
from appliance.ledger.derive import DAYS_AT_ONCE
from appliance.store import inbox
from tests.ledger.support import NOON, Box, run_of, upload


def test_a_rebuild_keeps_readings_whose_uploads_were_pruned(box):
    box.lines(*run_of(NOON, 12, 1000, 100))
    box.lines(*run_of(NOON + 30 * 86400, 12, 50_000, 100))
    assert inbox.prune(box.inbox, keep_hours=0, ingested=1, limit=200) == 1
    before = box.derived()
    ledger.rebuild(box.inbox, box.store, box.site)
    assert {name: rows for name, rows in box.derived().items() if name != "state"} == {
        name: rows for name, rows in before.items() if name != "state"}


def test_another_inbox_is_read_from_its_beginning(box, quick_path):
    box.lines(*run_of(NOON, 12, 1000, 100))
    other = Box(quick_path / "other")
    inbox.append(other.inbox, [upload(run_of(NOON + 3600, 12, 2200, 100), NOON + 9000)])
    ledger.ingest(other.inbox, box.store, box.site)
    assert box.total() == 2300
    other.close()


def test_progress_is_told_of_uploads_and_then_of_days(box):
    told = []
    inbox.append(box.inbox, [upload(run_of(NOON + 86400 * n, 3, 1000, 100), NOON + 86400 * n + 900)
                             for n in range(450)])
    ledger.ingest(box.inbox, box.store, box.site, progress=lambda done, total: told.append((done, total)))
    assert told[:3] == [(200, 450), (400, 450), (450, 450)]
    assert told[3:] == [(min(450, done), 450) for done in range(DAYS_AT_ONCE, 450 + DAYS_AT_ONCE, DAYS_AT_ONCE)]


def test_a_limit_bounds_one_call_and_the_next_goes_on(box):
    inbox.append(box.inbox, [upload(run_of(NOON + 86400 * n, 3, 1000, 100), NOON + 86400 * n + 900) for n in range(5)])
    found = [ledger.ingest(box.inbox, box.store, box.site, limit=2) for _ in range(3)]
    assert [(one.uploads, len(one.days)) for one in found] == [(2, 0), (2, 0), (1, 5)]
