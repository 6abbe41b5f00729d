"""What leaves the box as a file: whole backups, checked restores, bug reports without secrets."""
import io
import json
import zipfile
from pathlib import Path

import pytest

from appliance import commands, settings, store
from appliance.store import inbox
from tests.web.conftest import NOON, FixedClock, Visitor
from tests.web.roof import upload
from webui.bundle import PENDING

KEY = "00000000000000000000000000000000feedbeef"


def work(config: Path, data_dir: Path, clock: FixedClock) -> commands.Work:
    loaded = settings.load(config).with_data_dir(data_dir)
    return commands.Work(store.connect(data_dir), inbox.connect(data_dir), loaded, config, clock, lambda *_: None)


def test_a_backup_comes_back(owner: Visitor, roof: Path, config: Path, clock: FixedClock) -> None:
    saved = owner.send("/settings", "/settings/backup").data
    before = owner.get("/api/v1/days").json
    settings.update(config, {"site.size_w": 1})
    with store.connect(roof) as connection:
        connection.execute("DELETE FROM slot")
        connection.execute("DELETE FROM site_day")
    answer = owner.send("/settings", "/settings/restore", file=(io.BytesIO(saved), "backup.tar.gz"))
    assert answer.status_code == 302
    assert (roof / PENDING).exists()
    assert "is whole" in owner.get("/settings").text
    assert commands.carry_out(work(config, roof, clock)) == 1
    assert owner.get("/api/v1/days").json == before
    assert settings.load(config).site.size_w == 0
    assert not (roof / PENDING).exists()
    assert "is restored" in owner.get("/settings").text


@pytest.mark.parametrize("damage", [
    lambda saved: b"", lambda saved: b"not a backup", lambda saved: saved[:len(saved) // 2],
    lambda saved: saved[:-2000] + bytes(2000), lambda saved: bytes([saved[0] ^ 1]) + saved[1:]])
def test_a_damaged_backup_replaces_nothing_and_leaves_nothing(owner: Visitor, roof: Path, config: Path, damage) -> None:
    saved = owner.send("/settings", "/settings/backup").data
    before = {path.name for path in roof.iterdir()}, config.read_bytes()
    owner.send("/settings", "/settings/restore", file=(io.BytesIO(damage(saved)), "backup.tar.gz"))
    assert "Nothing was replaced" in owner.get("/settings").text
    assert ({path.name for path in roof.iterdir()}, config.read_bytes()) == before
    with store.connect(roof) as connection:
        assert connection.execute("SELECT count(*) FROM command").fetchone() == (0,)


def test_restore_without_a_file_asks_for_one(owner: Visitor) -> None:
    owner.send("/settings", "/settings/restore")
    assert "Choose a backup file first." in owner.get("/settings").text


def test_a_debug_bundle_holds_neither_key_nor_password(owner: Visitor, roof: Path, config: Path) -> None:
    settings.update(config, {"pvoutput.api_key": KEY, "pvoutput.system_id": "12345"})
    inbox.append(inbox.connect(roof), [upload(NOON, [f"100\tSPMS\t10\t{KEY}\t20260509190000"])])
    with zipfile.ZipFile(io.BytesIO(owner.send("/diagnostics", "/diagnostics/bundle").data)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(texts) == {"README.txt", "status.json", "settings.txt", "log.txt", "uploads.json"}
    secret = json.loads((roof / "web-auth.json").read_text())
    for name, text in texts.items():
        assert KEY not in text and secret["secret"] not in text and secret["password"] not in text, name
    assert "pvoutput.system_id = 12345" in texts["settings.txt"]
    assert json.loads(texts["status.json"])["lamps"]


def test_the_last_uploads_come_as_they_were_captured(owner: Visitor, roof: Path) -> None:
    text = owner.get("/diagnostics/uploads.txt").text
    assert text.startswith("# 2026-05-09T18:59:40Z 192.0.2.20:49152 > 198.51.100.7:80 POST /Data/")
    assert "130\t20260509185500\t414050000000001\tAC_Module_Type_C\t\t" in text
    assert text.count("\n100\tSPMS\t10\t") == 50
