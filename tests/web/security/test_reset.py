"""A lost password: the file on the boot partition and `suntap reset-password`, with the real parts from end to end."""
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from tests.web.conftest import PASSWORD, Visitor, cookie_of, set_cookie

ROOT = Path(__file__).parents[3]
BOOT_SERVICES = ROOT / "image/rootfs-overlay/usr/lib/suntap-image"
NEW = "a password of the new owner"


def asks_for_a_new_one(app: Flask, owner: Visitor) -> None:
    """Every session is over, nothing but the first visit answers, and the password chosen there holds."""
    assert owner.get("/settings").location == "/welcome/"
    assert owner.get("/").location == "/welcome/" and owner.get("/api/v1/now").status_code == 401
    cookie = cookie_of(owner)
    newcomer = Visitor(app.test_client())
    assert newcomer.send("/welcome/", password=NEW, again=NEW).location == "/"
    assert newcomer.get("/settings").status_code == 200
    stranger = app.test_client()
    set_cookie(stranger, cookie)
    assert stranger.get("/settings").location.startswith("/login")
    assert Visitor(app.test_client()).send("/login", password=PASSWORD).status_code == 403


def test_suntap_reset_password_asks_for_a_new_one_without_a_restart(app: Flask, owner: Visitor, roof: Path) -> None:
    days = owner.get("/api/v1/days").json
    assert owner.get("/settings").status_code == 200
    done = subprocess.run([sys.executable, "-m", "appliance.cli", "reset-password", "--data-dir", str(roof)], cwd=ROOT,
                          capture_output=True, text=True, check=True)
    assert "choose a new one" in done.stdout
    asks_for_a_new_one(app, owner)
    assert Visitor(app.test_client()).get("/api/v1/days").json == days


@pytest.fixture
def boot(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch):
    """The image's start-up service `data` as a module, on folders of this test; `suntap` is this checkout's."""
    program = tmp_path / "bin" / "suntap"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m appliance.cli "$@" --data-dir {data_dir}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(sys, "path", list(sys.path))
    loader = importlib.machinery.SourceFileLoader("boot_data", str(BOOT_SERVICES / "data"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("boot_data", loader))
    loader.exec_module(module)
    for name in ("BOOT", "DATA"):
        folder = tmp_path / f"card-{name}"
        folder.mkdir()
        monkeypatch.setattr(module, name, folder)
    monkeypatch.setattr(type(module.DATA), "is_mount", lambda path: path == module.DATA)
    return module


def test_a_file_on_the_boot_partition_asks_for_a_new_password_once(app: Flask, owner: Visitor, roof: Path,
                                                                   boot) -> None:
    problems: list[str] = []
    boot.reset_password(problems)
    assert problems == [] and owner.get("/settings").status_code == 200
    (boot.BOOT / "reset-password.txt").write_text("")   # as an editor on a PC names it
    boot.reset_password(problems)
    assert problems == ["The page’s password was reset, as the file reset-password.txt on the card asked. It does so "
                        "once: you may leave it there. This word of it goes away when the box is next switched off "
                        "and on."]
    asks_for_a_new_one(app, owner)
    boot.reset_password(problems)   # the next boot: the partition is never written, so the file is still there
    assert len(problems) == 1 and Visitor(app.test_client()).log_in(NEW).get("/settings").status_code == 200
    (boot.BOOT / "reset-password.txt").unlink()
    (boot.BOOT / "reset-password").write_text("")       # lost again, another copy
    boot.reset_password(problems)
    assert len(problems) == 2 and Visitor(app.test_client()).get("/login").location == "/welcome/"
