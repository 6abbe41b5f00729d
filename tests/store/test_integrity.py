"""Damaged files: found at start, set aside, made anew, told; never a crash loop, never a wrong number."""
import random
import sqlite3
from contextlib import closing

import pytest

from appliance import ledger, store
from appliance.health import notices
from appliance.store import inbox, integrity
from appliance.system.clock import Clock
from tests.ledger.support import LA, NOON, Box, run_of, upload

CLOCK = Clock()
PAGE = 4096


@pytest.fixture
def data_dir(tmp_path):
    """An inbox of 60 uploads and a store derived from it, both closed."""
    box = Box(tmp_path)
    inbox.append(box.inbox, [upload(run_of(NOON + 3600 * n, 12, 1000 + 1200 * n, 100), NOON + 3600 * n + 4000, str(n))
                             for n in range(60)])
    ledger.ingest(box.inbox, box.store, LA)
    box.close()
    return tmp_path


def derived(data_dir):
    box = Box(data_dir)
    ledger.ingest(box.inbox, box.store, LA)
    found = box.derived()
    box.close()
    return found


def flip_page(path, rng):
    """Another page's worth of noise somewhere behind the first page."""
    with open(path, "r+b") as file:
        file.seek(PAGE * rng.randrange(1, path.stat().st_size // PAGE))
        file.write(rng.randbytes(PAGE))


def cut(path, rng):
    with open(path, "r+b") as file:
        file.truncate(PAGE * rng.randrange(1, path.stat().st_size // PAGE) + rng.choice((0, 100)))


def start(data_dir):
    """What the processes do at start; the sentences for the owner."""
    return integrity.check_inbox(data_dir, CLOCK), integrity.check_store(data_dir, CLOCK)


def test_whole_files_are_left_alone(data_dir):
    before = sorted(path.name for path in data_dir.iterdir())
    assert start(data_dir) == ("", "") and sorted(path.name for path in data_dir.iterdir()) == before


def test_missing_files_are_no_damage(tmp_path):
    assert start(tmp_path) == ("", "")


@pytest.mark.parametrize("harm", [flip_page, cut])
@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_store_is_set_aside_and_derived_again(data_dir, harm, seed):
    rng = random.Random(seed)
    before = derived(data_dir)
    harm(data_dir / store.FILE, rng)
    damage = integrity.damage(data_dir / store.FILE)
    note = integrity.check_store(data_dir, CLOCK)
    assert bool(note) == bool(damage) and "\n" not in note
    assert integrity.check_store(data_dir, CLOCK) == ""      # once
    if note:
        assert len(list(data_dir.glob("suntap.sqlite3.damaged-*Z"))) == 1
        assert derived(data_dir) == before
        with closing(store.connect(data_dir)) as conn:
            assert note in [notice.text for notice in notices.collect(conn)]


@pytest.mark.parametrize("harm", [flip_page, cut])
@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_inbox_gives_what_can_be_read_and_nothing_else(data_dir, harm, seed):
    rng = random.Random(seed)
    with closing(inbox.connect(data_dir)) as conn:
        before = dict(inbox.after(conn, 0, 1000))
    history = derived(data_dir)
    harm(data_dir / inbox.FILE, rng)
    note = integrity.check_inbox(data_dir, CLOCK)
    with closing(inbox.connect(data_dir)) as conn:
        after = {number: one for number, one in inbox.after(conn, 0, 1000) if one.body}
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",) or not note
    assert after.items() <= before.items()
    if harm is flip_page and note and "page 2:" not in note.lower():  # page 2 is the root of the table
        assert len(after) >= 40, note
    assert [derived(data_dir)[name] for name in ("reading", "slot")] == [history[name] for name in ("reading", "slot")]
    if note:
        with closing(store.connect(data_dir)) as conn:
            assert note in [notice.text for notice in notices.collect(conn)]


@pytest.mark.parametrize("content", [b"", b"no database", b"\0" * 9000, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_file_that_is_no_database_at_all_is_replaced(data_dir, content):
    before = derived(data_dir)
    (data_dir / store.FILE).write_bytes(content)
    integrity.check_store(data_dir, CLOCK)
    assert derived(data_dir) == before


def test_an_inbox_that_is_no_database_at_all_leaves_the_history(data_dir):
    before = derived(data_dir)
    (data_dir / inbox.FILE).write_bytes(b"no database" * 1000)
    assert "0 uploads were saved" in integrity.check_inbox(data_dir, CLOCK)
    assert derived(data_dir)["slot"] == before["slot"]


def test_both_damaged_at_once_lose_only_what_cannot_be_read(data_dir):
    flip_page(data_dir / inbox.FILE, random.Random(5))
    (data_dir / store.FILE).write_bytes(b"no database" * 1000)
    start(data_dir)
    found = derived(data_dir)
    assert len(found["slot"]) > 200 and all(row[2] >= 0 for row in found["slot"])


def test_readings_whose_uploads_were_pruned_are_saved_from_a_damaged_store(data_dir):
    before = derived(data_dir)
    with closing(inbox.connect(data_dir)) as conn:
        assert inbox.prune(conn, keep_hours=0, ingested=29, limit=200) == 29
    with closing(store.connect(data_dir)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'site_day'").fetchone()
    with open(data_dir / store.FILE, "r+b") as file:
        file.seek(PAGE * (page - 1))
        file.write(b"\xee" * PAGE)
    assert "older readings were saved" in integrity.check_store(data_dir, CLOCK)
    found = derived(data_dir)
    assert (found["slot"], found["site_day"]) == (before["slot"], before["site_day"])


def root_page(data_dir, name) -> int:
    with closing(store.connect(data_dir)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(conn.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0])


def flip_bit(path, page: int, rng: random.Random) -> None:
    """One bit of a page, behind its header."""
    with open(path, "r+b") as file:
        place = PAGE * (page - 1) + rng.randrange(8, PAGE)
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1 << rng.randrange(8)]))


@pytest.mark.parametrize("name", ["slot", "slot_day", "site_day", "device_day"])
@pytest.mark.parametrize("seed", range(10))
def test_one_flipped_bit_is_found_at_the_start_or_put_right_by_a_rebuild(data_dir, name, seed):
    before = derived(data_dir)
    flip_bit(data_dir / store.FILE, root_page(data_dir, name), random.Random(seed))
    integrity.check_store(data_dir, CLOCK)
    box = Box(data_dir)
    ledger.rebuild(box.inbox, box.store, LA)
    found = box.derived()
    box.close()
    assert (found["slot"], found["site_day"]) == (before["slot"], before["site_day"])


def test_an_index_that_lost_its_table_is_found_at_the_start(data_dir):
    """The quick check passes it, and the next write to that row would fail, start after start."""
    page, seed, path = root_page(data_dir, "slot_day"), 0, data_dir / store.FILE
    whole = path.read_bytes()
    while True:
        path.write_bytes(whole)
        flip_bit(path, page, random.Random(seed))
        with closing(sqlite3.connect(path)) as conn:
            quick = conn.execute("PRAGMA quick_check(1)").fetchone()[0]
        if quick == "ok" and integrity.damage(path):
            break
        seed += 1
    assert "was set aside" in integrity.check_store(data_dir, CLOCK)
    assert len(derived(data_dir)["slot"]) > 200


def test_one_flipped_bit_in_the_inbox_costs_its_upload_at_most(data_dir):
    with closing(inbox.connect(data_dir)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (body,) = conn.execute("SELECT body FROM upload WHERE id = 30").fetchone()
    path = data_dir / inbox.FILE
    content = bytearray(path.read_bytes())
    content[content.index(body) + len(body) // 2] ^= 4
    path.write_bytes(content)
    assert integrity.check_inbox(data_dir, CLOCK) == ""     # no page of it is wrong
    with closing(inbox.connect(data_dir)) as conn:
        found = dict(inbox.after(conn, 0, 100))
    assert found[30].body == b"" and sum(bool(upload.body) for upload in found.values()) == 59


def test_what_sqlite_says_of_a_damaged_schema_is_one_short_line(data_dir):
    path = data_dir / store.FILE
    root_page(data_dir, "slot")     # written back to the file
    content = path.read_bytes().replace(b"CREATE TABLE notice", b"CREATE TABLE `otice")
    path.write_bytes(content)
    note = integrity.check_store(data_dir, CLOCK)
    assert "was damaged" in note and "\n" not in note and len(note) < 400


def test_damaged_files_do_not_pile_up(data_dir):
    for second in range(6):
        (data_dir / store.FILE).write_bytes(b"no database" * 1000)
        (data_dir / (store.FILE + "-wal")).write_bytes(b"x")
        integrity.check_store(data_dir, Clock(start=1_778_353_200 + second, rate=0))
    assert len(list(data_dir.glob("suntap.sqlite3.damaged-*Z"))) == integrity.MAX_ASIDE


def test_a_database_that_another_process_holds_is_not_taken_for_damaged(data_dir):
    with closing(store.connect(data_dir)) as conn:
        conn.execute("BEGIN EXCLUSIVE")
        assert integrity.damage(data_dir / store.FILE) == ""


def test_a_write_to_a_database_damaged_while_running_is_one_clear_line(data_dir):
    conn = store.connect(data_dir)
    (page,) = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'state'").fetchone()
    conn.close()
    with open(data_dir / store.FILE, "r+b") as file:
        file.seek(PAGE * (page - 1))
        file.write(b"\xee" * PAGE)
    with (closing(store.connect(data_dir)) as conn, closing(inbox.connect(data_dir)) as uploads,
          pytest.raises(sqlite3.Error, match="malformed")):
        ledger.ingest(uploads, conn, LA)
