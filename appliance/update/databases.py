"""Copies of the databases that a new system will migrate, and giving them back when it is given up.

Copies lie in root's folder. The page's user owns the data directory, so a link in it is not followed out of it.
"""
import logging
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from appliance.update.bundle import UpdateError

DATABASES = {"inbox": "inbox.sqlite3", "store": "suntap.sqlite3"}   # by schema (folder below appliance/store/sql)

log = logging.getLogger(__name__)


def migrated(data_dir: Path, schemas: Mapping[str, int]) -> list[str]:
    """The databases here that a system with these schemas will migrate. Raises UpdateError, sqlite3.Error."""
    return [schema for schema, name in DATABASES.items()
            if (path := _live(data_dir, name)).exists() and schemas.get(schema, 0) > _user_version(path)]


def size(data_dir: Path, schemas: Mapping[str, int]) -> int:
    """Bytes that keep() will need. Raises UpdateError, sqlite3.Error, OSError."""
    return sum(_live(data_dir, DATABASES[schema]).stat().st_size for schema in migrated(data_dir, schemas))


def keep(root: Path, data_dir: Path, schemas: Mapping[str, int]) -> None:
    """Copy to `root` what a system with these schemas will migrate. Raises UpdateError, sqlite3.Error.

    The copies are on the disk when this returns (SQLite synchronizes them), their names once the folder is.
    """
    for schema in migrated(data_dir, schemas):
        name = DATABASES[schema]
        with closing(sqlite3.connect(_live(data_dir, name))) as live, \
                closing(sqlite3.connect(kept(root, name))) as copy:
            live.backup(copy)


def give_back(root: Path, data_dir: Path) -> None:
    """Undo migrations: a database that was migrated since keep() becomes its copy. May be repeated.

    The PVS does not send the uploads of the trial again: they are added to the copy before it becomes the inbox.
    Raises UpdateError, sqlite3.Error.
    """
    for schema, name in DATABASES.items():
        copy, target = kept(root, name), _live(data_dir, name)
        if copy.exists() and _user_version(copy) != _user_version(target):
            if schema == "inbox":
                _add_uploads(target, copy)
            with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(target)) as live:
                source.backup(live)


def kept(root: Path, name: str) -> Path:
    """Where the copy of a database lies."""
    return root / f"before-{name}"


def _live(data_dir: Path, name: str) -> Path:
    """The path of the database in use. Raises UpdateError if a link leads out of the data directory."""
    home = data_dir.resolve()
    path = (home / name).resolve()
    if path not in (home / name, home / "inbox" / name):
        raise UpdateError(f"{data_dir / name} leads to {path}, no database of suntap: remove the link")
    return path


def _add_uploads(source: Path, target: Path) -> None:
    """Add the uploads of `source` to `target`, an inbox of an earlier schema. Columns new in `source` are dropped."""
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as inbox:
            columns = ", ".join('"' + row[1].replace('"', '""') + '"'
                                for row in inbox.execute("PRAGMA table_info(upload)"))
            inbox.execute("ATTACH ? AS newer", (str(source),))
            inbox.execute(f"INSERT OR IGNORE INTO main.upload ({columns}) SELECT {columns} FROM newer.upload")
    except sqlite3.Error as error:
        log.warning("uploads captured during the trial cannot be kept: %s", error)


def _user_version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
