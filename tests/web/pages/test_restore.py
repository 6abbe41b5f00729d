"""A backup comes back whole: checked and shown before anything is replaced, and only at the owner's word."""
import io
import os
import time
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings, store
from appliance.history import backup
from appliance.store import inbox
from appliance.supervisor import commands
from tests.web.conftest import FixedClock, Visitor
from webui.limits import KEEP_RESTORE_S
from webui.words import restore as words


def work(config: Path, data_dir: Path, clock: FixedClock) -> commands.Work:
    loaded = settings.load(config).with_data_dir(data_dir)
    return commands.Work(store.connect(data_dir), inbox.connect(data_dir), loaded, config, clock, lambda *_: None)


def saved(owner: Visitor) -> bytes:
    return owner.send("/settings", "/settings/backup").data


def upload(owner: Visitor, content: bytes) -> str:
    """Send a backup file; what the settings page then says."""
    owner.send("/settings", "/settings/restore", file=(io.BytesIO(content), "backup.tar.gz"))
    return owner.get("/settings").text


def test_a_backup_is_shown_before_it_replaces_anything_and_then_comes_back(
        owner: Visitor, roof: Path, config: Path, clock: FixedClock) -> None:
    content = saved(owner)
    before = owner.get("/api/v1/days").json
    settings.update(config, {"site.size_w": 1})
    with store.connect(roof) as connection:
        connection.execute("DELETE FROM slot")
        connection.execute("DELETE FROM site_day")
    text = upload(owner, content)
    assert "This backup is whole." in text and "7 May 2026 to 9 May 2026" in text
    assert commands.run_waiting(work(config, roof, clock)) == 0 and settings.load(config).site.size_w == 1
    owner.send("/settings", "/settings/restore/confirm")
    assert "Working on it" in owner.get("/settings").text
    assert commands.run_waiting(work(config, roof, clock)) == 1
    assert owner.get("/api/v1/days").json == before
    assert settings.load(config).site.size_w == 0
    assert not backup.handover(roof).file.exists()
    assert "is restored" in owner.get("/settings").text


def test_what_was_replaced_is_kept_aside(owner: Visitor, roof: Path, config: Path, clock: FixedClock) -> None:
    content = saved(owner)
    settings.update(config, {"site.size_w": 4321})
    upload(owner, content)
    owner.send("/settings", "/settings/restore/confirm")
    commands.run_waiting(work(config, roof, clock))
    kept = roof / backup.BEFORE
    assert settings.load(kept / "suntap.toml").site.size_w == 4321
    assert store.connect(kept).execute("SELECT count(*) FROM slot").fetchone()[0] > 500
    assert kept.stat().st_mode & 0o077 == 0 and (kept / "suntap.toml").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("damage", "kind"), [
    (lambda saved: b"", "foreign"), (lambda saved: b"not a backup", "foreign"),
    (lambda saved: saved[:len(saved) // 2], "damaged"),
    (lambda saved: saved[:-2000] + bytes(2000), "damaged"),
    (lambda saved: bytes([saved[0] ^ 1]) + saved[1:], "foreign")])
def test_a_damaged_backup_replaces_nothing_and_is_told_in_owners_words(owner: Visitor, roof: Path, config: Path, damage,
                                                                       kind: str) -> None:
    content = saved(owner)
    before = {path.name for path in roof.iterdir()}, config.read_bytes()
    text = upload(owner, damage(content))
    assert words.REFUSED.format(reason=words.REASONS[kind]) in text and "This backup is whole." not in text
    backup.handover(roof).folder.rmdir()  # empty
    assert ({path.name for path in roof.iterdir()}, config.read_bytes()) == before
    owner.send("/settings", "/settings/restore/confirm")
    assert "no longer here" in owner.get("/settings").text
    with store.connect(roof) as connection:
        assert connection.execute("SELECT count(*) FROM command").fetchone() == (0,)


def test_a_discarded_backup_is_gone(owner: Visitor, roof: Path) -> None:
    upload(owner, saved(owner))
    owner.send("/settings", "/settings/restore/discard")
    assert not backup.handover(roof).file.exists()
    assert "This backup is whole." not in owner.get("/settings").text


def test_a_backup_that_nobody_confirms_is_removed(owner: Visitor, roof: Path) -> None:
    upload(owner, saved(owner))
    old = time.time() - KEEP_RESTORE_S - 60
    os.utime(backup.handover(roof).file, (old, old))
    assert "This backup is whole." not in owner.get("/settings").text
    assert not backup.handover(roof).file.exists()


def test_restore_without_a_file_asks_for_one(owner: Visitor) -> None:
    owner.send("/settings", "/settings/restore")
    assert "Choose a backup file first." in owner.get("/settings").text


def test_where_the_inbox_is_anothers_its_uploads_are_handed_over(
        app: Flask, owner: Visitor, roof: Path, config: Path, clock: FixedClock,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor process restores the rest and asks; the other service (here in this process) adds and answers."""
    content = saved(owner)
    with inbox.connect(roof) as connection:
        connection.execute("DELETE FROM upload WHERE id > 10")
    upload(owner, content)
    owner.send("/settings", "/settings/restore/confirm")
    with monkeypatch.context() as rights:
        rights.setattr(backup, "may_add_uploads", lambda data_dir: False)
        commands.run_waiting(work(config, roof, clock))
    order = owner.get("/order/1")
    assert "its reports follow" in order.text and order.headers["X-Again"] == "1"
    pending = backup.handover(roof)
    assert pending.state().name == "asked" and pending.file.stat().st_mode & 0o777 == 0o640
    assert "begins in a moment" in owner.get("/settings/restore/state").text
    from appliance.cli import main
    assert main(["restore", "--uploads", "--data-dir", str(roof)]) == 0
    assert pending.state().name == "done" and not pending.file.exists()
    assert "reports of the backup were added" in owner.get("/settings").text
    again = owner.get("/settings/restore/state")
    assert again.headers["X-Again"] == "1"
    with inbox.connect(roof) as connection:
        assert inbox.count_after(connection, 0) == 720


def test_the_settings_open_where_the_history_cannot_be_read(owner: Visitor, data_dir: Path) -> None:
    for path in data_dir.glob("suntap.sqlite3*"):
        path.unlink()
    (data_dir / "suntap.sqlite3").write_bytes(b"no database" * 1000)
    assert owner.get("/settings").status_code == 200
