"""Disks that are full, read-only or damaged under the real processes: said so, nothing else lost, no crash loop."""
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import settings, store
from appliance.store import inbox
from tests.cli.command import CAPTURES, suntap
from tests.cli.processes import beat, running, wait_for

PLAIN = CAPTURES / "plain_day.pcap"
SMALL = 3 << 20


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of three megabytes of its own."""
    folder = tmp_path / "data"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "suntap-test", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def configured(data: Path) -> Path:
    config = data.parent / "suntap.toml"
    settings.update(config, {"store.data_dir": data})
    return config


def lamps(config: Path) -> dict[str, dict]:
    return {lamp["name"]: lamp for lamp in json.loads(suntap("status", "--json", "--config", config).out)["lamps"]}


def days(config: Path) -> str:
    return suntap("export", "days", "--config", config).out


def truth(tmp_path: Path) -> str:
    """The day as a healthy disk has it."""
    assert suntap("import", PLAIN, "--data-dir", tmp_path / "truth").code == 0
    return suntap("export", "days", "--data-dir", tmp_path / "truth").out


@pytest.mark.root
def test_uploads_wait_for_a_full_disk_and_are_stored_when_there_is_room(small_disk, tmp_path):
    config = configured(small_disk)
    inbox.connect(small_disk).close()
    filler = small_disk / "filler"
    with open(filler, "wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"\0" * 4096)
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "a.pcap").write_bytes(PLAIN.read_bytes())
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    with running("run", "capture", "--spool", spool, "--config", config, log=tmp_path / "log",
                 RUNTIME_DIRECTORY=str(runtime)) as process:
        wait_for(lambda: "cannot be written" in said(runtime).get("problem", ""))
        assert process.poll() is None
        filler.unlink()
        wait_for(lambda: not any(spool.iterdir()))
        wait_for(lambda: said(runtime)["counters"]["inbox_stored"] == 290)
        assert said(runtime)["counters"]["inbox_lost"] == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def said(runtime: Path) -> dict:
    """The capture process's heartbeat file."""
    path = runtime / "capture-status.json"
    return json.loads(path.read_text()) if path.exists() else {}


@pytest.mark.root
def test_a_disk_that_can_only_be_read_is_one_line_and_a_red_lamp(small_disk):
    config = configured(small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    result = suntap("import", PLAIN, "--config", config)
    assert result.code == 1 and result.err.count("\n") == 1 and "Traceback" not in result.err
    assert lamps(config)["disk"]["state"] == "bad"
    assert "read" in lamps(config)["disk"]["text"]


@pytest.mark.parametrize("file", [inbox.FILE, store.FILE])
@pytest.mark.parametrize("damage", ["flipped page", "cut short", "overwritten"])
def test_a_damaged_database_is_set_aside_told_and_made_anew(tmp_path, file, damage):
    expected = truth(tmp_path)
    data = tmp_path / "data"
    config = configured(data)
    assert suntap("import", PLAIN, "--config", config).code == 0
    path = data / file
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    content = bytearray(path.read_bytes())
    if damage == "flipped page":
        content[8192:12288] = bytes(byte ^ 0xFF for byte in content[8192:12288])
    elif damage == "cut short":
        del content[len(content) // 2:]
    else:
        content[:4096] = b"not a database".ljust(4096)
    path.write_bytes(content)
    with running("run", "capture", "--spool", tmp_path, "--config", config, log=tmp_path / "log"), \
            running("run", "supervisor", "--config", config, log=tmp_path / "log"):
        wait_for(lambda: beat("capture", data) and beat("supervisor", data))
        wait_for(lambda: list(data.glob(f"{file}.damaged-*")))
        if file == inbox.FILE:
            assert suntap("import", PLAIN, "--config", config).code == 0
        wait_for(lambda: days(config) == expected)
        assert beat("supervisor", data)["restarts"] == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_newer_suntaps_database_is_refused_and_left_alone(tmp_path):
    data = tmp_path / "data"
    config = configured(data)
    assert suntap("import", PLAIN, "--config", config).code == 0
    connection = store.connect(data)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    for name in ("export days", "rebuild", "push", "run supervisor"):
        result = suntap(*name.split(), "--config", config)
        if name != "push":
            assert result.code == 1 and "newer suntap" in result.err and result.err.count("\n") == 1, (name, result)
    assert not list(data.glob("*.damaged-*"))
