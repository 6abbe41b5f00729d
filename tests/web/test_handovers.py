"""Backups and updates on their way to other services: what waits is shown, and goes when nobody comes for it."""
import io
import os
from pathlib import Path

from flask import Flask, session

from appliance.system.clock import Clock
from webui import handovers
from webui.limits import KEEP_RESTORE_S


def waiting(app: Flask, age_s: float) -> Path:
    """A checked backup that waits since `age_s`."""
    pending = handovers.restore_handover()
    pending.store(io.BytesIO(b"backup"), 100)
    when = Clock().time() - age_s
    os.utime(pending.file, (when, when))
    session["restore"] = {"uploads": 1}
    return pending.file


def test_a_checked_backup_waits_for_the_owners_word_and_no_longer_than_its_time(app: Flask, data_dir: Path) -> None:
    with app.test_request_context():
        file = waiting(app, KEEP_RESTORE_S / 2)
        assert handovers.restore_shown()["restore"] == {"uploads": 1} and file.exists()
        file = waiting(app, KEEP_RESTORE_S + 60)
        assert handovers.restore_shown()["restore"] is None and not file.exists()


def test_a_backup_that_is_gone_is_not_asked_about(app: Flask, data_dir: Path) -> None:
    with app.test_request_context():
        waiting(app, 0).unlink()
        assert handovers.restore_shown()["restore"] is None and "restore" not in session


def test_a_backup_that_is_being_put_back_stays(app: Flask, data_dir: Path) -> None:
    with app.test_request_context():
        file = waiting(app, KEEP_RESTORE_S + 60)
        handovers.restore_handover().submit()
        assert handovers.restore_busy()
        handovers.restore_shown()
        assert file.exists()


def test_updates_are_for_the_image_and_a_package_says_so(app: Flask, data_dir: Path) -> None:
    with app.test_request_context():
        for possible in (True, False):
            app.config["UPDATES"] = possible
            assert handovers.updates_possible() is handovers.update_shown()["updates"] is possible
