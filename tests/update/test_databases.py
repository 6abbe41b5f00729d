"""What a new system will migrate is copied before, and given back when the system is given up."""
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.store import inbox
from appliance.update import databases
from appliance.update.bundle import UpdateError
from spcore.uploads import Upload


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A history at migration 3, no inbox."""
    folder = tmp_path / "data"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "suntap.sqlite3")) as store:
        store.executescript("PRAGMA user_version = 3; CREATE TABLE t (x); INSERT INTO t VALUES ('old')")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def change(data: Path, version: int, word: str) -> None:
    with closing(sqlite3.connect(data / "suntap.sqlite3")) as store:
        store.execute(f"PRAGMA user_version = {version}")
        store.execute("INSERT INTO t VALUES (?)", (word,))
        store.commit()


def words(data: Path) -> list[str]:
    with closing(sqlite3.connect(data / "suntap.sqlite3")) as store:
        return [row[0] for row in store.execute("SELECT x FROM t")]


@pytest.mark.parametrize(("schemas", "expected"), [
    ({"store": 4, "inbox": 9}, ["store"]), ({"store": 3}, []), ({"store": 2}, []), ({}, []), ({"other": 9}, [])])
def test_only_what_a_newer_schema_migrates_is_copied(data: Path, root: Path, schemas: dict[str, int],
                                                     expected: list[str]) -> None:
    assert databases.migrated(data, schemas) == expected
    assert (databases.size(data, schemas) > 0) == bool(expected)
    databases.keep(root, data, schemas)
    assert [path.name for path in root.iterdir()] == ["before-suntap.sqlite3"] * bool(expected)


def test_a_migrated_database_is_as_before_and_once_more(data: Path, root: Path) -> None:
    databases.keep(root, data, {"store": 4})
    change(data, 4, "migrated")
    databases.give_back(root, data)
    assert words(data) == ["old"]
    change(data, 3, "after")        # what comes after it is not lost by doing it again
    databases.give_back(root, data)
    assert words(data) == ["old", "after"]


def test_a_database_that_was_not_migrated_stays(data: Path, root: Path) -> None:
    databases.keep(root, data, {"store": 4})
    change(data, 3, "during")
    databases.give_back(root, data)
    assert words(data) == ["old", "during"]


def test_uploads_that_cannot_be_added_do_not_keep_the_inbox_from_coming_back(
        data: Path, root: Path, caplog: pytest.LogCaptureFixture) -> None:
    upload = Upload(1, "192.0.2.50:4000", "192.0.2.1:80", "/a", b"1", True)
    with closing(inbox.connect(data)) as live:
        inbox.append(live, [upload])
        version = live.execute("PRAGMA user_version").fetchone()[0]
    databases.keep(root, data, {"inbox": version + 1})
    with closing(inbox.connect(data)) as live:
        live.execute("DROP TABLE upload")
        live.execute(f"PRAGMA user_version = {version + 1}")
    databases.give_back(root, data)
    with closing(inbox.connect(data)) as live:
        assert inbox.after(live, 0, 10) == [(1, upload)]
    assert "cannot be kept" in caplog.text


def test_the_link_to_the_inbox_s_own_folder_is_followed_and_no_other(data: Path, root: Path) -> None:
    (data / "inbox").mkdir()
    with closing(sqlite3.connect(data / "inbox/inbox.sqlite3")) as live:
        live.execute("PRAGMA user_version = 1")
    (data / "inbox.sqlite3").symlink_to("inbox/inbox.sqlite3")
    assert databases.migrated(data, {"inbox": 2}) == ["inbox"]
    (data / "inbox.sqlite3").unlink()
    (data / "inbox.sqlite3").symlink_to("/etc/passwd")
    with pytest.raises(UpdateError, match="remove the link"):
        databases.migrated(data, {"inbox": 2})
