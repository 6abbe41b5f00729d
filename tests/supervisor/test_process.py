"""The supervisor process, with the rights it is installed with, before the capture process has opened the inbox."""
import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from appliance import settings
from appliance.settings.live import LiveSettings
from appliance.store import inbox
from appliance.supervisor import process as supervisor
from appliance.system.clock import Clock
from spcore.uploads import Upload
from tests.folders import open_to_all
from tests.store.older import older_inbox

NOBODY = 65534
BODY = b"100\tSPMS\n"

pytestmark = pytest.mark.root


@contextmanager
def user(number: int) -> Iterator[None]:
    """With this user's rights; 0 is root, who can become another again."""
    before = os.getuid()
    os.setresuid(number, number, 0)
    try:
        yield
    finally:
        os.setresuid(before, before, 0)


@pytest.fixture
def capturing(tmp_path) -> Path:
    """The inbox's own folder, another user's, with one upload in an inbox of the first schema; linked to from data/."""
    open_to_all(tmp_path)
    data, folder = tmp_path / "data", tmp_path / "data/inbox"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    (data / inbox.FILE).symlink_to(f"inbox/{inbox.FILE}")
    older_inbox(folder, [Upload(1, "192.0.2.50:40000", "192.0.2.1:443", "/", BODY, True)], schema=1)
    (folder / inbox.FILE).chmod(0o644)
    os.chown(data, NOBODY, NOBODY)
    return folder


@pytest.fixture
def process(capturing, tmp_path):
    config = tmp_path / "suntap.toml"
    settings.update(config, {"store.data_dir": tmp_path / "data"})
    os.chown(config, NOBODY, NOBODY)
    with user(NOBODY):
        made = supervisor.Supervisor(LiveSettings(config), Clock(time.time()))
        yield made
        made.close()


@pytest.mark.parametrize("made", ["older", "empty", "current"])
def test_an_inbox_that_is_about_to_be_brought_up_to_date_is_waited_for_and_no_error(process, capturing, made):
    with user(0):
        if made == "empty":     # as the package lays it down before the first start
            (capturing / inbox.FILE).write_bytes(b"")
        elif made == "current":
            inbox.connect(capturing).close()
    for _ in range(3):
        process.step()
    assert process.counters["stage_errors"] == 0 and process.problems == {} and process.counters["uploads"] == 0
    with user(0):                # the capture process starts
        captured = inbox.connect(capturing)
        inbox.append(captured, [Upload(2, "192.0.2.50:40000", "192.0.2.1:443", "/", BODY * 2, True)])
    with closing(captured):
        process.step()
    assert process.counters["uploads"] == (1 if made == "empty" else 2)
    assert process.counters["stage_errors"] == 0 and process.problems == {}


def test_an_inbox_that_nobody_brings_up_to_date_is_told_with_what_to_do(process, monkeypatch):
    monkeypatch.setattr(supervisor, "WAITING_S", 0.0)
    process.step()
    assert process.counters["stage_errors"] == 2     # the page's wishes and the intake
    assert "waits for the process that writes it: start the services" in process.problems["ingest"]
