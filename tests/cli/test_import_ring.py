"""Rings imported file by file: an upload across a boundary is completed when its second half comes."""
import json
from pathlib import Path

from appliance.cli import import_ring
from appliance.store import bodies, inbox
from tests.cli.command import suntap
from tests.spcore.tcp import Talk, post
from tests.traffic import containers

BODY = b"100\tSPMS\t10\tZT160000000441C0001\t20260509160000\n" + b"".join(
    b"130\t20260509155500\t9990500000%05d\tAC_Module_Type_C\t\t%d.5\t0.2\t240\t1\t1\t50\n" % (number, number)
    for number in range(40))


def files(folder: Path, gap_us: int = 0) -> tuple[Path, Path]:
    """Two files of a ring with an upload across the boundary."""
    talk = Talk().open()
    stream = post(BODY)
    frames = talk.whole(stream, 500).fin(len(stream)).frames
    parts = frames[:6], [(time + gap_us, frame) for time, frame in frames[6:]]
    paths = []
    for number, part in enumerate(parts):
        paths.append(folder / f"ring{number}.pcap")
        paths[-1].write_bytes(containers.pcap((time * 1000, 1, frame) for time, frame in part))
    return paths[0], paths[1]


def stored(data: Path) -> list[tuple[bytes, bool]]:
    database = inbox.connect(data)
    try:
        return [(bodies.unpack(body), bool(complete))
                for body, complete in database.execute("SELECT body, complete FROM upload ORDER BY complete")]
    finally:
        database.close()


def test_the_next_file_of_the_ring_imported_later_completes_the_upload(tmp_path):
    first, second = files(tmp_path)
    data = tmp_path / "data"
    suntap("import", first, "--data-dir", data)
    assert (BODY, True) not in stored(data)
    done = suntap("import", second, "--data-dir", data)
    assert done.code == 0 and f"continues {first}" in done.out
    assert (BODY, True) in stored(data)


def test_importing_it_again_changes_nothing(tmp_path):
    first, second = files(tmp_path)
    data = tmp_path / "data"
    for name in (first, second):
        suntap("import", name, "--data-dir", data)
    before = stored(data)
    for name in (second, first, second):
        suntap("import", name, "--data-dir", data)
    assert stored(data) == before


def test_a_first_file_that_is_gone_or_changed_is_not_read(tmp_path):
    for spoil in (Path.unlink, lambda path: path.write_bytes(b"something else")):
        folder = tmp_path / str(spoil)[1:20].replace(" ", "")
        folder.mkdir()
        first, second = files(folder)
        suntap("import", first, "--data-dir", folder / "data")
        spoil(first)
        done = suntap("import", second, "--data-dir", folder / "data")
        assert done.code == 0 and "continues" not in done.out


def test_a_capture_of_another_time_continues_nothing(tmp_path):
    first, second = files(tmp_path, gap_us=import_ring.AFTER_US + 1)
    data = tmp_path / "data"
    suntap("import", first, "--data-dir", data)
    assert "continues" not in suntap("import", second, "--data-dir", data).out


def test_only_the_latest_ends_are_kept_and_an_unreadable_list_is_none(tmp_path):
    for number in range(import_ring.KEPT + 3):
        (tmp_path / str(number)).write_bytes(b"x")
        import_ring.remember(tmp_path, str(tmp_path / str(number)), number)
    assert len(json.loads((tmp_path / import_ring.FILE).read_text())) == import_ring.KEPT
    for bad in (b"", b"{}", b"[[1]]", b"\xff"):
        (tmp_path / import_ring.FILE).write_bytes(bad)
        assert import_ring.before(tmp_path, [], 0) == ""
    import_ring.remember(tmp_path, "-", 5)
    import_ring.remember(tmp_path, "", 0)
