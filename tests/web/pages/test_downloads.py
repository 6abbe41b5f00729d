"""What leaves the box as a file: bug reports without secrets, uploads as they came."""
import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from appliance import settings
from appliance.store import inbox
from tests.web.conftest import NOON, Visitor
from tests.web.roof import upload

KEY = "00000000000000000000000000000000feedbeef"


def test_a_debug_bundle_holds_neither_key_nor_password(owner: Visitor, roof: Path, config: Path) -> None:
    others = {"mqtt.password": "of the broker", "lines.token": "of-the-engine", "notify.token": "of-the-mail"}
    settings.update(config, {"pvoutput.api_key": KEY, "pvoutput.system_id": "12345", **others})
    said = "-".join([KEY, *others.values()])
    inbox.append(inbox.connect(roof), [upload(NOON, [f"100\tSPMS\t10\t{said}\t20260509190000"])])
    with zipfile.ZipFile(io.BytesIO(owner.send("/diagnostics", "/diagnostics/bundle").data)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(texts) == {"README.txt", "status.json", "settings.txt", "log.txt", "uploads.json"}
    secret = json.loads((roof / "web-auth.json").read_text())
    for name, text in texts.items():
        assert not any(hidden in text for hidden in others.values()), name
        assert KEY not in text and secret["secret"] not in text and secret["password"] not in text, name
    assert "pvoutput.system_id = 12345" in texts["settings.txt"]
    assert json.loads(texts["status.json"])["lamps"]


def test_neither_the_bundle_nor_the_log_view_shows_a_secret_that_reached_the_log(
        owner: Visitor, roof: Path, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of ours logs them; a line by another program's hand would still not leave the box."""
    settings.update(config, {"pvoutput.api_key": KEY, "pvoutput.system_id": "12345"})
    secret = json.loads((roof / "web-auth.json").read_text())
    secrets = [KEY, secret["secret"], secret["password"], secret["login"]]
    (tmp_path / "lines").write_text("".join(json.dumps({
        "__REALTIME_TIMESTAMP": "1778353176123456", "PRIORITY": "4", "MESSAGE": f"said {text} aloud"}) + "\n"
        for text in secrets))
    program = tmp_path / "journalctl"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/lines\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with zipfile.ZipFile(io.BytesIO(owner.send("/diagnostics", "/diagnostics/bundle").data)) as archive:
        bundled = archive.read("log.txt").decode()
    for text in (bundled, owner.get("/diagnostics").text, owner.get("/diagnostics/log").text):
        assert text.count("said **** aloud") == len(secrets)
        assert not any(secret in text for secret in secrets)


def test_the_last_uploads_come_as_they_were_captured(owner: Visitor, roof: Path) -> None:
    text = owner.get("/diagnostics/uploads.txt").text
    assert text.startswith("# 2026-05-09T18:59:40Z 192.0.2.20:49152 > 198.51.100.7:80 POST /Data/")
    assert "130\t20260509185500\t414050000000001\tAC_Module_Type_C\t\t" in text
    assert text.count("\n100\tSPMS\t10\t") == 50
