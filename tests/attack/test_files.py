"""Files that a stranger made: backups with foreign databases, tars that keep a reader busy, uploads that break."""
import io
import sqlite3
import tarfile
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest

from appliance import ledger, settings, store
from appliance.errors import SuntapError
from appliance.history import backup, backup_check
from appliance.history.backup import BackupError
from appliance.history.senders import not_taken_in
from appliance.ledger import intake
from appliance.ledger import senders as decided
from appliance.ledger.run import MAX_TRIES
from appliance.store import inbox, state, trust
from appliance.store.bodies import pack
from appliance.system import plain_tar
from appliance.system.clock import Clock
from appliance.update import bundle
from tests.attack.support import FORGER_MAC, FROM_ROUTER, capture, day_of, heard, listed
from tests.history.test_backup import reseal
from tests.ledger.support import HOUR, LA, NOON, Box, texts

NOW = NOON + 4 * HOUR


@pytest.fixture
def home(tmp_path) -> Path:
    """A data directory with some history and a stranger, and its settings beside."""
    settings.update(tmp_path / "suntap.toml", {"store.data_dir": tmp_path / "data", "site.timezone": LA.timezone})
    box = Box(tmp_path / "data")
    capture(box, heard(day_of(NOON), NOON + HOUR))
    capture(box, heard(day_of(NOON, 300, "414050000000002"), NOON + HOUR, FORGER_MAC), arrival=FROM_ROUTER)
    box.close()
    return tmp_path


@pytest.fixture
def saved(home) -> Path:
    target = home / "backup.tar.gz"
    backup.create(target, home / "suntap.toml", home / "data", Clock(NOW))
    return target


def altered(saved: Path, home: Path, name: str, *statements: str, writable: bool = False) -> Path:
    """The backup with its database `name` changed by SQL."""
    work = home / "altered.sqlite3"
    with tarfile.open(saved) as archive:
        work.write_bytes(archive.extractfile(name).read())
    with closing(sqlite3.connect(work, isolation_level=None)) as conn:
        if writable:
            conn.execute("PRAGMA writable_schema = ON")
        for statement in statements:
            conn.execute(statement)
    return reseal(saved, home / "wrong.tar.gz", name, work.read_bytes())


def put_back(file: Path, home: Path) -> Box:
    """Restore `file` on a new box, and derive."""
    place = home / "new"
    with open(file, "rb") as source:
        backup.restore(source, place / "suntap.toml", place / "data")
    box = Box(place / "data")
    ledger.ingest(box.inbox, box.store, box.site)
    return box


FOREIGN = [
    (backup.STORE, "DROP TABLE slot"),
    (backup.STORE, "CREATE TRIGGER stop BEFORE INSERT ON reading BEGIN SELECT RAISE(ABORT, 'no'); END"),
    (backup.STORE, "CREATE TRIGGER ever AFTER UPDATE ON state BEGIN UPDATE state SET value = value || 'x'; END"),
    (backup.STORE, "CREATE TABLE extra (x)"),
    (backup.STORE, "ALTER TABLE slot ADD COLUMN more TEXT"),
    (backup.STORE, "CREATE INDEX odd ON reading (abs(time))"),
    (backup.STORE, "PRAGMA user_version = 7"),
    (backup.INBOX, "DROP TABLE hour"),
    (backup.INBOX, "CREATE TRIGGER stop BEFORE INSERT ON upload BEGIN SELECT RAISE(ABORT, 'no'); END"),
    (backup.INBOX, "CREATE VIEW bad AS SELECT * FROM upload"),
    (backup.INBOX, "UPDATE upload SET captured_us = 'yesterday'"),
    (backup.INBOX, f"UPDATE upload SET captured_us = {1 << 62}"),
    (backup.INBOX, "UPDATE upload SET source = x'00ff'"),
]


@pytest.mark.parametrize(("name", "statement"), FOREIGN, ids=[statement[:30] for _, statement in FOREIGN])
def test_a_backup_with_a_foreign_database_is_refused_before_anything_changes(saved, home, name, statement):
    wrong = altered(saved, home, name, statement)
    with pytest.raises(BackupError):
        put_back(wrong, home)
    assert not (home / "new/data/suntap.sqlite3").exists()
    box = put_back(saved, home)                             # and the next one goes in
    assert box.total() == 1100
    box.close()


@pytest.mark.parametrize("kind", ["trigger", "view", "table"])
def test_a_backup_whose_foreign_parts_have_names_that_only_sqlite_gives_is_refused(saved, home, kind):
    made = {"trigger": "CREATE TRIGGER sqlite_stat9 AFTER INSERT ON state BEGIN DELETE FROM reading; END",
            "view": "CREATE VIEW sqlite_stat9 AS SELECT 1", "table": "CREATE TABLE sqlite_stat9 (x)"}[kind]
    wrong = altered(saved, home, backup.STORE, made.replace("sqlite_stat9", "harmless"),
                    f"UPDATE sqlite_master SET name = 'sqlite_stat9', sql = '{made}',"
                    " tbl_name = iif(tbl_name = 'harmless', 'sqlite_stat9', tbl_name) WHERE name = 'harmless'",
                    writable=True)
    with pytest.raises(BackupError):
        put_back(wrong, home)
    box = put_back(altered(saved, home, backup.STORE, "ANALYZE"), home)        # that one SQLite makes itself
    assert box.total() == 1100
    box.close()


FOREIGN_KINDS = [
    "CREATE VIEW counted AS SELECT * FROM slot", "CREATE VIRTUAL TABLE words USING fts5(text)",
    "ALTER TABLE slot ADD COLUMN more GENERATED ALWAYS AS (time * 2) VIRTUAL",
    "CREATE INDEX costly ON slot (abs(time))",
    "CREATE TRIGGER t INSTEAD OF DELETE ON counted_device BEGIN SELECT load_extension('x'); END",
    "PRAGMA user_version = -1",
]


@pytest.mark.parametrize("statement", FOREIGN_KINDS)
def test_parts_of_every_kind_that_are_not_ours_are_refused(saved, home, statement):
    wrong = altered(saved, home, backup.STORE, statement)
    with pytest.raises(BackupError):
        put_back(wrong, home)


# What a made-up file header claims (fileformat2.html): offset, bytes; and what becomes of the backup.
HEADERS = [(16, b"\xff\xff"), (18, b"\x03\x03"), (28, b"\x7f\xff\xff\xfe"), (32, b"\x00\x00\x00\x01"),
           (36, b"\xff\xff\xff\xff"), (56, b"\x00\x00\x00\x02")]


@pytest.mark.parametrize(("offset", "claim"), HEADERS, ids=[f"{at}" for at, _ in HEADERS])
def test_a_header_that_claims_what_is_not_there_is_refused_or_harmless(saved, home, offset, claim):
    with tarfile.open(saved) as archive:
        content = bytearray(archive.extractfile(backup.STORE).read())
    content[offset:offset + len(claim)] = claim
    wrong = reseal(saved, home / "wrong.tar.gz", backup.STORE, bytes(content))
    try:
        box = put_back(wrong, home)
    except (BackupError, sqlite3.Error):
        box = put_back(saved, home)
    assert box.total() == 1100
    box.close()


@pytest.mark.parametrize("more", [backup.STORE, "../outside", "suntap.sqlite3-wal"])
def test_a_file_twice_or_one_that_a_database_would_read_along_is_refused(saved, home, more):
    packed = io.BytesIO()
    with tarfile.open(saved) as old, tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as new:
        for member in old:
            new.addfile(member, old.extractfile(member))
        info = tarfile.TarInfo(more)
        info.size = 5
        new.addfile(info, io.BytesIO(b"later"))
    (home / "wrong.tar.gz").write_bytes(packed.getvalue())
    with pytest.raises(BackupError):
        put_back(home / "wrong.tar.gz", home)
    assert not (home / "outside").exists() and not (home / "new/data" / backup.STORE).exists()


LIES = [
    "UPDATE slot SET production_dwh = 9000000000000000000", "UPDATE slot SET production_dwh = 'much'",
    "UPDATE site_day SET production_dwh = 77", "DELETE FROM slot", "DELETE FROM device_day",
    "INSERT INTO slot (time, day, seconds) VALUES (9000000000000, '9999-12-31', 300)",
    "INSERT INTO slot (time, day, seconds) VALUES (-5, 'today', 300)",
    "INSERT INTO dirty_day VALUES ('no day')",
    "INSERT INTO command (created, name, argument) VALUES (0, 'rebuild', '{')",
    "UPDATE sqlite_sequence SET seq = 9223372036854775807",
    "INSERT INTO device (id, kind, serial, first_seen, last_seen) VALUES (9223372036854775807, 'inverter', 'x', 0, 0)",
    "INSERT OR REPLACE INTO state VALUES ('lines', '{')", "INSERT OR REPLACE INTO state VALUES ('derived_with', '[')",
    "INSERT OR REPLACE INTO state VALUES ('horizon', '99999999999')",
    "INSERT OR REPLACE INTO state VALUES ('inbox_cursor', 'x')",
    "INSERT OR REPLACE INTO state VALUES ('slot_seconds', '0')",
    "INSERT OR REPLACE INTO state VALUES ('pvoutput.quota', '[')",
    "UPDATE reading SET fields = x'00'", "UPDATE reading SET energy_dwh = 'x' WHERE time % 600 = 0",
    "UPDATE device SET model = 5, first_seen = 'x' WHERE kind = 'pvs'",
    "UPDATE known_sender SET decision = 'aside', counted = 0 WHERE id = 0",
]


@pytest.mark.parametrize("statement", LIES)
def test_what_a_backup_says_is_derived_again_and_not_believed(saved, home, statement):
    box = put_back(altered(saved, home, backup.STORE, statement), home)
    assert box.total() == 1100
    assert box.store.execute("SELECT sum(production_dwh) FROM site_day").fetchone() == (1100,)
    assert [one.state for one in listed(box)] == ["trusted", "unknown"]
    assert box.store.execute("SELECT count(*) FROM command").fetchone() == (0,)
    box.close()


def test_a_restored_box_keeps_its_own_counts_of_requests(saved, home):
    place = home / "new"
    (place / "data").mkdir(parents=True)
    with closing(store.connect(place / "data")) as own:
        state.put(own, "pvoutput.quota", "[1, 2]")
    box = put_back(saved, home)
    assert state.get(box.store, "pvoutput.quota") == "[1, 2]"
    box.close()


def test_restoring_twice_is_as_once_and_brings_the_senders(saved, home):
    put_back(saved, home).close()
    box = put_back(saved, home)
    assert [(one.state, one.uploads) for one in listed(box)] == [("trusted", 1), ("unknown", 1)] and box.total() == 1100
    box.close()


def pax(name: bytes, size: int = 0) -> bytes:
    """A tar with one extended header before a file."""
    header = tarfile.TarInfo("x")
    header.type, header.size = b"x", len(name)
    return header.tobuf() + name.ljust(-len(name) // 512 * -512, b"\0") + tarfile.TarInfo("manifest.json").tobuf()


HANGING = [pax(b"0 path=x\n"), pax(b"00000000000 a=b\n" * 20), pax(b"-7 a=b\n"), pax(b"6 a=b\n" * 9000),
           pax(b"9" * 4000 + b" a=b\n"), b"\0" * 512, b"x" * 512, tarfile.TarInfo("manifest.json").tobuf()[:300]]


@pytest.mark.parametrize("number", range(len(HANGING)))
def test_no_header_keeps_the_reader_busy(number, tmp_path):
    """Python 3.11.7's own reader never ends with the first of them."""
    (tmp_path / "file").write_bytes(HANGING[number] + b"\0" * 1024)
    outcome: list[object] = []

    def read() -> None:
        for what in (lambda: bundle.announced(tmp_path / "file", tmp_path / "key"),
                     lambda: backup.check(tmp_path / "file", tmp_path)):
            try:
                outcome.append(what())
            except SuntapError as error:
                outcome.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive() and len(outcome) == 2 and all(isinstance(error, SuntapError) for error in outcome)


@pytest.mark.parametrize("kind", [b"L", b"K", b"1", b"2", b"3", b"5", b"6", b"S"])
def test_what_is_no_plain_file_is_refused(kind):
    info = tarfile.TarInfo("manifest.json")
    info.type = kind
    with pytest.raises(plain_tar.NoTar):
        list(plain_tar.members(io.BytesIO(info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 1024)))


def test_a_header_that_claims_gigabytes_takes_no_memory():
    info = tarfile.TarInfo("x")
    info.type, info.size = b"x", 7 << 30
    with pytest.raises(plain_tar.NoTar, match="too large"):
        list(plain_tar.members(io.BytesIO(info.tobuf(tarfile.GNU_FORMAT))))
    with pytest.raises(plain_tar.NoTar, match="more than"):
        list(plain_tar.members(io.BytesIO(tarfile.TarInfo("a").tobuf() * 1000)))


def test_a_backup_that_unpacks_to_a_thousand_times_its_size_is_refused_before_it_is_unpacked(saved, home, monkeypatch):
    monkeypatch.setattr(backup, "SMALL", 1 << 20)
    bomb = reseal(saved, home / "bomb.tar.gz", backup.STORE, bytes(20 << 20))
    assert bomb.stat().st_size * backup.MAX_RATIO < 20 << 20
    with pytest.raises(BackupError, match="more than it can hold"):
        put_back(bomb, home)
    assert not (home / "new/data" / backup.STORE).exists()
    assert put_back(saved, home).store.execute("SELECT count(*) FROM reading").fetchone()[0] > 0


def break_on_666(monkeypatch):
    """A fault of ours: uploads of inverter ...666 cannot be taken in."""
    read = intake._read

    def breaks(frame, *more):
        if b"\t414050000000666\t" in frame.upload.body:
            raise ValueError("a fault of ours")
        return read(frame, *more)

    monkeypatch.setattr(intake, "_read", breaks)


def test_one_upload_that_cannot_be_taken_in_is_stepped_over_after_some_tries_and_told(home, monkeypatch):
    box = Box(home / "data")
    break_on_666(monkeypatch)
    inbox.append(box.inbox, [heard(day_of(NOON, 100, "414050000000666"), NOON + HOUR),
                             heard(day_of(NOON, 100, "414050000000002"), NOON + HOUR)])
    for _ in range(MAX_TRIES - 1):
        with pytest.raises(ValueError, match="fault"):
            ledger.ingest(box.inbox, box.store, box.site)
    ledger.ingest(box.inbox, box.store, box.site)
    assert box.total() == 2200 and not_taken_in(box.store) == 1 and "could not be read and is kept aside" in texts(box)
    monkeypatch.undo()
    ledger.rebuild(box.inbox, box.store, box.site)
    assert box.total() == 2200                              # left out until the owner says otherwise
    box.close()


def test_thousands_of_uploads_that_cannot_be_taken_in_stop_the_ledger_no_longer_than_one(home, monkeypatch):
    box = Box(home / "data")
    break_on_666(monkeypatch)
    monkeypatch.setattr(decided, "MAX_UPLOADS_ASIDE", 20)
    first = day_of(NOON, 100, "414050000000666", count=1)
    inbox.append(box.inbox, [heard(first, NOON + HOUR, mark=str(number)) for number in range(500)])
    inbox.append(box.inbox, [heard(day_of(NOON, 100, "414050000000002"), NOON + HOUR)])
    for _ in range(MAX_TRIES - 1):
        with pytest.raises(ValueError, match="fault"):
            ledger.ingest(box.inbox, box.store, box.site, limit=100)
    for _ in range(6):
        ledger.ingest(box.inbox, box.store, box.site, limit=100)
    assert box.total() == 2200 and not_taken_in(box.store) == 20
    decided.set_upload_aside(box.inbox, box.store, inbox.last_id(box.inbox), True, NOON)     # the owner's have room
    for _ in range(MAX_TRIES + 6):      # the inbox is read again from its beginning, with those that were forgotten
        with suppress(ValueError):
            ledger.ingest(box.inbox, box.store, box.site, limit=100)
    assert box.total() == 1100 and not_taken_in(box.store) == 20
    box.close()


def test_a_disk_that_is_full_is_no_fault_of_an_upload(home, monkeypatch):
    box = Box(home / "data")

    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(intake, "_read", full)
    inbox.append(box.inbox, [heard(day_of(NOON, 100, "414050000000002"), NOON + HOUR)])
    for _ in range(2 * MAX_TRIES):
        with pytest.raises(sqlite3.Error):
            ledger.ingest(box.inbox, box.store, box.site)
    assert not_taken_in(box.store) == 0
    box.close()


def test_a_body_that_unpacks_without_end_is_a_damaged_upload(home):
    box = Box(home / "data")
    box.inbox.execute("UPDATE upload SET body = ?", (pack(bytes(70 << 20)),))
    assert all(one.upload.body == b"" for one in inbox.arrivals(box.inbox, 0, 10))
    box.close()


def test_the_schema_of_every_version_is_known():
    assert backup_check.schema_at("inbox", 3) and backup_check.schema_at("store", 20)
    assert not backup_check.schema_at("store", 7)
    assert trust.COLUMNS
