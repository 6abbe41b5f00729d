"""Databases as an older suntap made them."""
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from appliance.store import inbox
from appliance.store.bodies import pack
from appliance.store.database import migrations
from spcore.uploads import Upload


def older_inbox(folder: Path, uploads: Iterable[Upload], schema: int) -> None:
    """An inbox with `uploads` as a suntap made it whose last migration was number `schema`."""
    with closing(sqlite3.connect(folder / inbox.FILE, isolation_level=None)) as conn:
        for number, script in migrations("inbox"):
            if number <= schema:
                conn.executescript(script)
        conn.execute(f"PRAGMA user_version = {schema}")
        conn.executemany("INSERT INTO upload (captured_us, source, destination, path, complete, sha256, body)"
                         " VALUES (?, ?, ?, ?, ?, ?, ?)",
                         [(one.captured_us, one.source, one.destination, one.path, one.complete,
                           inbox.digest(one.path, one.body), pack(one.body)) for one in uploads])
