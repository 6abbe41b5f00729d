"""`suntap import`: every upload once, what is wrong in one line, and nothing written for a mistyped name."""
from contextlib import closing
from pathlib import Path

from appliance import store
from appliance.store import inbox, trust
from appliance.supervisor import process as supervisor
from tests.cli.command import CAPTURES, refused
from tests.cli.inside import Shell

FILE = CAPTURES / "disorder.pcap"


def count(data: Path) -> tuple[int, int]:
    """How many uploads the inbox has, and how many slots the history."""
    with closing(inbox.connect(data)) as received, closing(store.connect(data)) as derived:
        return (received.execute("SELECT count(*) FROM upload").fetchone()[0],
                derived.execute("SELECT count(*) FROM slot").fetchone()[0])


def test_a_file_is_taken_in_and_worked_out_and_importing_it_again_adds_nothing(shell: Shell, tmp_path: Path) -> None:
    first = shell("import", FILE, "--data-dir", tmp_path)
    uploads, slots = count(tmp_path)
    assert first.code == 0 and f"{uploads} new" in first.out and uploads > 0 and slots > 0, first
    again = shell("import", FILE, "--data-dir", tmp_path)
    assert again.code == 0 and " 0 new" in again.out and count(tmp_path) == (uploads, slots)


def test_with_a_running_recorder_it_leaves_the_history_to_that(shell: Shell, tmp_path: Path) -> None:
    with supervisor.lock(tmp_path) as alone:
        assert alone
        done = shell("import", FILE, "--data-dir", tmp_path)
    assert done.code == 0 and "the running recorder works the history out" in done.out
    assert count(tmp_path)[0] > 0 == count(tmp_path)[1]


def test_only_the_uploads_of_the_named_sender_are_taken(shell: Shell, tmp_path: Path) -> None:
    shell("import", FILE, "--data-dir", tmp_path)
    with closing(inbox.connect(tmp_path)) as received:
        hosts = sorted({trust.host_of(source) for (source,) in received.execute("SELECT source FROM upload")})
    for number, who in enumerate([*hosts, "192.0.2.199"]):
        assert shell("import", FILE, "--source", who, "--data-dir", tmp_path / str(number)).code == 0
    parts = [count(tmp_path / str(number))[0] for number in range(len(hosts) + 1)]
    assert sum(parts) == count(tmp_path)[0] and all(parts[:-1]) and parts[-1] == 0


def test_an_import_with_a_mistyped_name_writes_nothing(shell: Shell, tmp_path: Path) -> None:
    refused(shell("import", FILE, tmp_path / "none.pcap", "--data-dir", tmp_path / "data"), 2, "none.pcap")
    assert not (tmp_path / "data").exists()
