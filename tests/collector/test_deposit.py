"""The stand-in's way into the inbox, beside the capture process's own."""
import shutil

import pytest

from appliance.collector.deposit import Deposit
from appliance.collector.wsgi_app import upload
from appliance.store import inbox, integrity
from appliance.store.database import StoreError
from appliance.system.clock import Clock

SOURCE, DESTINATION, PATH = "192.0.2.50:4000", "203.0.113.5:80", "/Data/SMS2DataCollector.aspx"


def an_upload(number: int):
    return upload(number, SOURCE, DESTINATION, PATH, b"100\tSPMS\n%d\n" % number, "")


def bodies(data_dir) -> list[bytes]:
    connection = inbox.connect(data_dir)
    found = [one.body for _, one in inbox.after(connection, 0, 100_000)]
    connection.close()
    return found


def set_aside(data_dir) -> None:
    """As the capture process does with a damaged one."""
    for suffix in ("-wal", "-shm", ""):
        name = data_dir / f"{inbox.FILE}{suffix}"
        if name.exists():
            shutil.move(name, data_dir / f"aside{suffix}")


def test_both_writers_store_the_same_upload_once(tmp_path):
    capture, deposit = inbox.connect(tmp_path), Deposit(tmp_path)
    assert inbox.append(capture, [an_upload(1)]) == 1
    assert deposit.store(an_upload(1)) is False
    assert deposit.store(an_upload(2)) is True
    assert inbox.append(capture, [an_upload(2), an_upload(3)]) == 1
    assert len(bodies(tmp_path)) == 3


def test_a_damaged_inbox_is_not_written_but_left_to_the_capture_process(tmp_path):
    deposit = Deposit(tmp_path)
    for number in range(200):
        deposit.store(an_upload(number))
    deposit.close()
    with open(tmp_path / inbox.FILE, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(StoreError, match="damaged"):
        deposit.store(an_upload(1000))
    integrity.check_inbox(tmp_path, Clock())
    assert deposit.store(an_upload(1000)) is True
    assert an_upload(1000).body in bodies(tmp_path)


def test_an_inbox_that_was_set_aside_is_not_written_any_more(tmp_path):
    deposit = Deposit(tmp_path)
    deposit.store(an_upload(1))
    set_aside(tmp_path)
    assert deposit.store(an_upload(2)) is True
    assert bodies(tmp_path) == [an_upload(2).body]


def test_an_inbox_that_is_set_aside_during_the_write_does_not_count_as_stored(tmp_path, monkeypatch):
    deposit = Deposit(tmp_path)
    deposit.store(an_upload(1))
    append = inbox.append

    def replaced(connection, uploads, *more):
        set_aside(tmp_path)
        inbox.connect(tmp_path).close()
        return append(connection, uploads, *more)

    monkeypatch.setattr(inbox, "append", replaced)
    with pytest.raises(StoreError, match="replaced"):
        deposit.store(an_upload(2))
