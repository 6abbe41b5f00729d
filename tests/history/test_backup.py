"""Backup and restore: everything carried over, everything checked before anything is replaced."""
import gzip
import io
import json
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from appliance import settings, store
from appliance.history import backup
from appliance.history.backup import BackupError
from appliance.store import inbox
from appliance.system.clock import Clock
from tests.cli.command import CAPTURES, refused, suntap

KEY = "00000000000000000000000000000000feedbeef"


@pytest.fixture(scope="module")
def box(tmp_path_factory) -> Path:
    """A box with a day of history, an account and a password file."""
    folder = tmp_path_factory.mktemp("box")
    settings.update(folder / "suntap.toml", {"store.data_dir": folder / "data", "pvoutput.api_key": KEY})
    assert suntap("import", CAPTURES / "plain_day.pcap", "--config", folder / "suntap.toml").code == 0
    (folder / "data" / "web-auth.json").write_text('{"secret": "x"}')
    return folder


@pytest.fixture(scope="module")
def saved(box) -> Path:
    target = box / "backup.tar.gz"
    assert suntap("backup", target, "--config", box / "suntap.toml").code == 0
    return target


def exported(config: Path) -> list[str]:
    return [suntap("export", what, "--config", config).out for what in ("readings", "slots", "days")]


def fresh(tmp_path: Path) -> Path:
    config = tmp_path / "suntap.toml"
    settings.update(config, {"store.data_dir": tmp_path / "data"})
    return config


def repacked(saved: Path, target: Path, change) -> Path:
    """A copy of a backup in which `change(name, content)` gives each member's new name and content, or None."""
    with tarfile.open(saved) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            changed = change(member.name, content.read())
            if changed is not None:
                info = tarfile.TarInfo(changed[0])
                info.size = len(changed[1])
                new.addfile(info, io.BytesIO(changed[1]))
    return target


def test_a_new_box_has_everything_of_the_old_one(box, saved, tmp_path):
    config = fresh(tmp_path)
    data = tmp_path / "data"
    result = suntap("restore", saved, "--config", config)
    assert result.code == 0 and "290 uploads added" in result.out, result
    loaded = settings.load(config)
    assert loaded == settings.load(box / "suntap.toml") and loaded.pvoutput.api_key.reveal() == KEY
    assert (data / "web-auth.json").read_text() == '{"secret": "x"}'
    restored = [suntap("export", what, "--data-dir", data).out for what in ("readings", "slots", "days")]
    assert restored == exported(box / "suntap.toml")
    assert suntap("rebuild", "--data-dir", data).code == 0
    assert [suntap("export", what, "--data-dir", data).out for what in ("readings", "slots", "days")] == restored


def test_restoring_twice_is_the_same_as_once(saved, tmp_path):
    config = fresh(tmp_path)
    for added in (290, 0):
        result = suntap("restore", saved, "--config", config, "--data-dir", tmp_path / "data")
        assert result.code == 0 and f" {added} uploads added" in result.out


def test_what_was_captured_since_stays_and_is_derived(saved, tmp_path):
    config = fresh(tmp_path)
    data = tmp_path / "data"
    assert suntap("import", CAPTURES / "disorder.pcap", "--config", config).code == 0
    alone = suntap("export", "days", "--config", config).out.splitlines()[1:]
    assert suntap("restore", saved, "--config", config, "--data-dir", data).code == 0
    assert suntap("import", CAPTURES / "plain_day.pcap", "--config", config, "--data-dir", data).out.startswith(
        "290 uploads, 0 new")
    connection = inbox.connect(data, readonly=True)
    assert inbox.count_after(connection, 0) > 290
    connection.close()
    both = suntap("export", "days", "--data-dir", data).out
    assert len(both.splitlines()) >= 1 + len(alone)


def test_a_backup_and_the_files_that_it_restores_are_private(saved, tmp_path):
    assert saved.stat().st_mode & 0o077 == 0
    config = fresh(tmp_path)
    assert suntap("restore", saved, "--config", config, "--data-dir", tmp_path / "data").code == 0
    assert config.stat().st_mode & 0o077 == 0
    assert (tmp_path / "data" / "web-auth.json").stat().st_mode & 0o077 == 0


def break_manifest(name, content):
    if name == backup.MANIFEST:
        facts = json.loads(content)
        facts["files"]["inbox.sqlite3"]["sha256"] = "0" * 64
        return name, json.dumps(facts).encode()
    return name, content


def newer(name, content):
    if name == backup.MANIFEST:
        return name, json.dumps({**json.loads(content), "format": 2, "version": "9.9.9"}).encode()
    return name, content


def long_ago(name, content):
    if name == backup.MANIFEST:
        return name, json.dumps({**json.loads(content), "created": -10**30}).encode()
    return name, content


def escape(name, content):
    if name == backup.MANIFEST:
        facts = json.loads(content)
        facts["files"]["../../evil"] = facts["files"].pop("suntap.toml")
        return name, json.dumps(facts).encode()
    return ("../../evil", content) if name == "suntap.toml" else (name, content)


@pytest.mark.parametrize(("change", "words"), [
    (break_manifest, "inbox.sqlite3 is damaged"),
    (newer, "made by suntap 9.9.9"),
    (escape, "manifest is damaged"),
    (long_ago, "manifest is damaged"),
    (lambda name, content: (name, 60_000 * b"[" if name == backup.MANIFEST else content), "not a suntap backup"),
    (lambda name, content: None if name == backup.STORE else (name, content), "suntap.sqlite3 is missing"),
    (lambda name, content: None if name == backup.MANIFEST else (name, content), "not a suntap backup"),
    (lambda name, content: ("more", content) if name == backup.SETTINGS else (name, content), "'more'"),
])
def test_a_wrong_backup_is_one_line_and_changes_nothing(saved, tmp_path, change, words):
    config = fresh(tmp_path)
    wrong = repacked(saved, tmp_path / "wrong.tar.gz", change)
    before = config.read_bytes()
    refused(suntap("restore", wrong, "--config", config), 2, "wrong.tar.gz", words)
    assert config.read_bytes() == before
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["supervisor.lock"]
    assert not (tmp_path.parent / "evil").exists()


def reseal(saved: Path, target: Path, name: str, content: bytes) -> Path:
    """A backup with another file in it and a manifest that agrees."""
    import hashlib
    facts = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    def change(member, old):
        if member == backup.MANIFEST:
            manifest = json.loads(old)
            manifest["files"][name] = facts
            return member, json.dumps(manifest).encode()
        return (member, content) if member == name else (member, old)
    return repacked(saved, target, change)


@pytest.mark.parametrize(("name", "content", "words"), [
    (backup.SETTINGS, b"[web]\nport = 'x'\n", "web.port"),
    (backup.STORE, b"not a database" * 1000, "cannot be read"),
])
def test_a_backup_whose_content_is_wrong_is_refused(saved, tmp_path, name, content, words):
    wrong = reseal(saved, tmp_path / "wrong.tar.gz", name, content)
    with pytest.raises(BackupError, match=words):
        backup.check(wrong, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["wrong.tar.gz"]


def test_a_size_below_zero_does_not_make_room_for_a_bomb(saved, tmp_path):
    def change(name, content):
        if name != backup.MANIFEST:
            return (name, bytes(1 << 20)) if name == backup.STORE else None
        manifest = json.loads(content)
        manifest["files"][backup.STORE]["size"] = 1 << 20
        manifest["files"][backup.INBOX]["size"] = -(1 << 60)
        return name, json.dumps(manifest).encode()
    with pytest.raises(BackupError, match="manifest is damaged"):
        backup.check(repacked(saved, tmp_path / "wrong.tar.gz", change), tmp_path)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_of_many_megabytes_is_not_taken_into_memory(tmp_path, kind):
    size, path = 256 << 20, tmp_path / "wrong.tar.gz"
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, size
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(64):
            file.write(bytes(size // 64))
    tracemalloc.start()
    try:
        with pytest.raises(BackupError, match="suntap backup"):
            backup.check(path, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE])
def test_a_member_that_is_no_plain_file_is_refused(saved, tmp_path, kind):
    wrong = tmp_path / "wrong.tar.gz"
    with tarfile.open(saved) as old, tarfile.open(wrong, "w:gz") as new:
        for member in old:
            content = old.extractfile(member)
            if member.name == backup.SETTINGS:
                member.type, member.size, member.linkname, content = kind, 0, "/etc/hostname", None
            new.addfile(member, content)
    with pytest.raises(BackupError, match="not a suntap backup") as refused:
        backup.check(wrong, tmp_path)
    assert "no plain file" in str(refused.value.__cause__)
    assert [path.name for path in tmp_path.iterdir()] == ["wrong.tar.gz"]


def test_a_backup_cut_short_anywhere_is_refused(saved, tmp_path):
    whole = saved.read_bytes()
    lengths = [int(len(whole) * share) for share in (0.0, 0.1, 0.5, 0.9, 0.999)]
    for length in (*lengths, *range(len(whole) - 40, len(whole))):
        cut = tmp_path / "cut.tar.gz"
        cut.write_bytes(whole[:length])
        with pytest.raises(BackupError):
            backup.check(cut, tmp_path)


def test_a_backup_with_anything_behind_its_end_is_refused(saved, tmp_path):
    for more in (b"more", gzip.compress(bytes(1 << 20))):
        longer = tmp_path / "longer.tar.gz"
        longer.write_bytes(saved.read_bytes() + more)
        with pytest.raises(BackupError):
            backup.check(longer, tmp_path)


def test_a_backup_whose_last_bytes_are_damaged_is_refused(saved, tmp_path):
    """The last eight are gzip's sum and length of everything."""
    for place in range(1, 9):
        content = bytearray(saved.read_bytes())
        content[-place] ^= 1
        wrong = tmp_path / "wrong.tar.gz"
        wrong.write_bytes(content)
        with pytest.raises(BackupError):
            backup.check(wrong, tmp_path)


def test_a_backup_of_a_newer_database_is_refused(saved, tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    store.connect(old).close()
    connection = store.connect(old)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    connection = inbox.connect(old)
    connection.close()
    wrong = reseal(saved, tmp_path / "wrong.tar.gz", backup.STORE, (old / store.FILE).read_bytes())
    with pytest.raises(BackupError, match="newer suntap"):
        backup.check(wrong, tmp_path)


def test_a_backup_of_nothing_says_so(tmp_path):
    result = suntap("backup", tmp_path / "b.tar.gz", "--data-dir", tmp_path / "none")
    assert result.code == 1 and "no data directory" in result.err


def test_backup_needs_no_clock_but_says_when(box, saved, tmp_path):
    assert backup.check(saved, tmp_path).created <= Clock().time()
