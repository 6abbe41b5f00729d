"""The demo's surroundings: a wire that is recorded, a roof that goes on where it ended, ports that are free."""
import socket
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.demo import surroundings as demo
from appliance.demo.surroundings import Facts, Recorder, Spool
from appliance.simulate import uploads
from appliance.system.clock import Clock
from spcore.engine import Engine
from spcore.source import open_file

START = 1_780_000_200


def post(number: int) -> uploads.Post:
    return uploads.post(b"100\tSPMS\n%d\n" % number)


def read(path: Path) -> list[bytes]:
    engine = Engine()
    with open_file(str(path)) as source:
        return [one.body for some in source.run(engine) for one in some] + [one.body for one in engine.finish()]


def test_what_is_recorded_is_answered_unless_the_maker_is_away() -> None:
    recorder = Recorder(float(START), outages=[(START + 100, START + 200)])
    assert recorder.exchange([post(1), post(2)]) == 2
    recorder.now = START + 100.0
    assert recorder.exchange([post(3)]) == 0
    recorder.now = START + 200.0
    assert recorder.exchange([post(3)]) == 1
    assert recorder.take() and recorder.take() == []


def test_the_spool_gets_one_whole_file_for_each_connection(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", Clock(0.0, START, 0.0))
    assert spool.exchange([post(1), post(2)]) == 2
    (file,) = (tmp_path / "spool").iterdir()
    assert file.suffix == ".pcap" and read(file) == [post(1).body, post(2).body]


def test_without_maker_and_without_a_stand_in_nothing_is_answered(tmp_path: Path) -> None:
    clock = Clock(0.0, START, 0.0)
    assert Spool(tmp_path / "spool", clock, maker_gone=START).exchange([post(1)]) == 0


def test_what_a_later_start_needs_is_kept_and_nonsense_is_nothing(tmp_path: Path) -> None:
    assert Facts.load(tmp_path) is None
    Facts(START).save(tmp_path)
    assert Facts.load(tmp_path) == Facts(START)
    for text in ("", "{}", '{"roof_start": "soon"}'):
        (tmp_path / demo.FACTS).write_text(text)
        assert Facts.load(tmp_path) is None


def test_the_first_start_is_at_noon_of_the_site() -> None:
    found = datetime.fromtimestamp(demo.first_now(Clock(0.0, START, 0.0)), ZoneInfo(demo.ZONE))
    assert (found.hour, found.minute, found.second) == (demo.BEGIN_HOUR, 0, 0)
    assert found.date() == datetime.fromtimestamp(START, ZoneInfo(demo.ZONE)).date()


def test_the_roof_is_the_same_at_each_start_and_one_inverter_is_replaced() -> None:
    one, other = demo.roof(START), demo.roof(START)
    at = START + demo.HISTORY_DAYS * 86_400
    assert one.records(at) == other.records(at) and one.records(START) != one.records(at)
    noon = START + 18 * 3600
    heard = [{line[2] for line in one.records(time) if line[0] == "130"} for time in (noon, noon + 3 * 86_400)]
    assert len(heard[0]) == len(heard[1]) == demo.INVERTERS and len(heard[0] - heard[1]) == 1


def test_a_port_that_is_taken_is_passed_over_and_none_left_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="no free port"):
            demo.free_port([port])
        assert demo.free_port([port, 0]) == 0
