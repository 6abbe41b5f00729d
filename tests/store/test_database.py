"""Opening, migrating, reading without a right to write, and what stands together in a transaction."""
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from appliance import store
from appliance.store import StoreError, database, inbox, state, transaction
from appliance.store.database import migrations, open_database
from tests.folders import open_to_all

NOBODY = 65534


def test_a_new_database_is_made_with_every_migration(tmp_path):
    with closing(store.connect(tmp_path)) as conn:
        assert conn.execute("PRAGMA user_version").fetchone()[0] == migrations("store")[-1][0]
        assert conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert conn.execute("PRAGMA synchronous").fetchone() == (2,)


def test_migrations_are_numbered_without_a_repeat():
    for schema in ("store", "inbox"):
        numbers = [number for number, _ in migrations(schema)]
        assert numbers == sorted(set(numbers)) and numbers[0] == 1


def test_a_reader_makes_a_missing_database_too(tmp_path):
    with closing(store.connect(tmp_path, readonly=True)) as conn:
        assert state.get(conn, "nothing") is None
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            state.put(conn, "a", "b")


def test_a_reader_keeps_few_pages_of_its_own_and_a_writer_as_many_as_sqlite_gives(tmp_path):
    usual = sqlite3.connect(":memory:").execute("PRAGMA cache_size").fetchone()
    with closing(store.connect(tmp_path)) as writer, closing(store.connect(tmp_path, readonly=True)) as reader:
        assert writer.execute("PRAGMA cache_size").fetchone() == usual
        assert reader.execute("PRAGMA cache_size").fetchone() == (-database.READER_CACHE_KIB,)


def test_a_database_of_a_newer_suntap_is_refused_in_one_line(tmp_path):
    with closing(store.connect(tmp_path)) as conn:
        conn.execute("PRAGMA user_version = 9999")
    for readonly in (False, True):
        with pytest.raises(StoreError, match="newer suntap: update") as caught:
            store.connect(tmp_path, readonly)
        assert "\n" not in str(caught.value)


def test_a_folder_that_does_not_exist_is_told_in_one_line(tmp_path):
    with pytest.raises(StoreError, match="check that the folder exists"):
        store.connect(tmp_path / "missing")


def test_a_file_that_is_no_database_is_told_as_damaged(tmp_path):
    (tmp_path / store.FILE).write_text("this is no database " * 100)
    with pytest.raises(StoreError, match="not a database") as caught:
        store.connect(tmp_path)
    assert caught.value.damaged


@pytest.fixture
def two_steps(monkeypatch):
    """A schema of two migrations, the second of which fails until `fixed`."""
    steps = [(1, "CREATE TABLE a (x); INSERT INTO a VALUES ('semi;colon');"),
             (2, "CREATE TABLE b (x); SELECT nonsense;")]
    monkeypatch.setattr(database, "migrations", lambda schema: tuple(steps))
    return steps


def test_a_migration_that_fails_leaves_the_state_before_it(tmp_path, two_steps):
    with pytest.raises(StoreError, match="nonsense"):
        open_database(tmp_path / "x", "test")
    with closing(sqlite3.connect(tmp_path / "x")) as conn:
        assert conn.execute("PRAGMA user_version").fetchone() == (1,)
        assert [row[0] for row in conn.execute("SELECT name FROM sqlite_master")] == ["a"]
        assert conn.execute("SELECT x FROM a").fetchall() == [("semi;colon",)]
    two_steps[1] = (2, "CREATE TABLE b (x);")
    with closing(open_database(tmp_path / "x", "test")) as conn:
        assert conn.execute("SELECT count(*) FROM b").fetchone() == (0,)


def test_a_reader_brings_an_older_database_up_to_date_where_it_may(tmp_path, two_steps):
    del two_steps[1]
    open_database(tmp_path / "x", "test").close()
    two_steps.append((2, "CREATE TABLE b (x);"))
    with closing(open_database(tmp_path / "x", "test", readonly=True)) as conn:
        assert conn.execute("SELECT count(*) FROM b").fetchone() == (0,)


def test_what_is_written_after_a_migration_outlives_the_visit_of_another_process(tmp_path):
    """The recorder migrates the history; then another process, like the page, is the last one to open and close it."""
    every = migrations("store")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database, "migrations", lambda schema: every[:-1])
        store.connect(tmp_path).close()
    visit = (f"import sys; sys.path[:] = {sys.path!r}; from appliance import store; from appliance.store import state;"
             f" conn = store.connect({str(tmp_path)!r}); print(state.get(conn, 'word')); conn.close()")
    with closing(store.connect(tmp_path)) as recorder:
        assert list(tmp_path.glob("*.before-*"))
        for word in ("first", "second"):
            state.put(recorder, "word", word)
            seen = subprocess.run([sys.executable, "-c", visit], capture_output=True, text=True, check=True)
            assert seen.stdout.split() == [word]


@pytest.mark.parametrize("left", ["x.before-1.part", "x.before-1.part-journal"])
def test_a_copy_that_was_cut_off_is_made_anew(tmp_path, two_steps, left):
    two_steps[1:] = []
    open_database(tmp_path / "x", "store").close()
    two_steps.append((2, "CREATE TABLE b (x);"))
    (tmp_path / left).write_bytes(b"torn" * 2000)
    open_database(tmp_path / "x", "store").close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x", "x.before-1"]
    with closing(sqlite3.connect(tmp_path / "x.before-1")) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert [row[0] for row in conn.execute("SELECT name FROM sqlite_master")] == ["a"]


def test_two_processes_may_migrate_at_once(tmp_path):
    failures = []

    def work():
        try:
            store.connect(tmp_path).close()
        except sqlite3.Error as error:
            failures.append(error)
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_a_transaction_is_all_or_nothing(tmp_path):
    with closing(store.connect(tmp_path)) as conn:
        with pytest.raises(ZeroDivisionError), transaction(conn):
            state.put(conn, "a", "1")
            raise ZeroDivisionError
        assert state.get(conn, "a") is None and not conn.in_transaction


def test_a_transaction_within_a_transaction_is_a_part_of_it(tmp_path):
    with closing(store.connect(tmp_path)) as conn:
        with transaction(conn):
            state.put(conn, "outer", "1")
            with pytest.raises(ZeroDivisionError), transaction(conn):
                state.put(conn, "inner", "1")
                raise ZeroDivisionError
            with transaction(conn):
                state.put(conn, "second", "1")
        assert [state.get(conn, key) for key in ("outer", "inner", "second")] == ["1", None, "1"]


def test_with_connection_is_a_transaction_too(tmp_path):
    with closing(store.connect(tmp_path)) as conn:
        with pytest.raises(ZeroDivisionError), conn:
            state.put(conn, "a", "1")
            raise ZeroDivisionError
        assert state.get(conn, "a") is None
        with conn:
            state.put(conn, "a", "2")
        assert state.get(conn, "a") == "2"


def test_a_write_outside_a_transaction_is_on_disk_at_once(tmp_path):
    with closing(store.connect(tmp_path)) as conn, closing(store.connect(tmp_path)) as other:
        state.put(conn, "a", "1")
        assert state.get(other, "a") == "1"


def as_nobody(work) -> str:
    """What `work` says when it runs as a user who owns nothing."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        try:
            text = str(work())
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
        os.write(write, text.encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with open(read, encoding="utf-8") as pipe:
        return pipe.read()


@pytest.fixture
def others_folder(tmp_path):
    """A database that others may read but not write."""
    open_to_all(tmp_path)
    with closing(inbox.connect(tmp_path)) as conn:
        conn.execute("UPDATE identity SET note = 'hello'")
    return tmp_path


def note_of(folder: Path) -> str:
    with closing(inbox.connect(folder, readonly=True)) as conn:
        return inbox.identity(conn)[1]


@pytest.mark.root
def test_a_user_who_may_not_write_reads_while_nobody_writes(others_folder):
    assert as_nobody(lambda: note_of(others_folder)) == "hello"


@pytest.mark.root
def test_a_user_who_may_not_write_reads_beside_a_writer(others_folder):
    with closing(inbox.connect(others_folder)) as conn:
        conn.execute("UPDATE identity SET note = 'fresh'")
        assert as_nobody(lambda: note_of(others_folder)) == "fresh"


@pytest.mark.root
def test_a_user_who_may_not_write_is_told_so_when_writing(others_folder):
    assert as_nobody(lambda: inbox.connect(others_folder)).startswith("StoreError: ")
    assert as_nobody(lambda: store.connect(others_folder, readonly=True)).startswith("StoreError: ")
