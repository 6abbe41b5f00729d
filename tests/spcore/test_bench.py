"""The core's time per packet beside the floor: the same packets on both sides, and no capture, no figures."""
import pytest

from appliance.simulate import pcapfile
from spcore.bench import bench
from spcore.source import CaptureError
from tests.spcore.tcp import Talk, post

BODY = b"130\t20260509220000\t1\n" * 5


@pytest.fixture
def capture(tmp_path):
    frames = [frame for number in range(20) for frame in Talk(port=2000 + number).open().whole(post(BODY)).frames]
    pcapfile.write(tmp_path / "x.pcap", frames)
    return tmp_path / "x.pcap", len(frames)


def test_counts_are_those_of_the_file_whatever_the_number_of_runs(capture):
    path, packets = capture
    for repeat in (1, 3):
        found = bench(str(path), repeat)
        assert (found["packets"], found["uploads"], found["records"]) == (packets, 20, 100)
        assert found["bytes"] == path.stat().st_size
        assert found["ns_per_packet"] > 0 and found["floor_ns_per_packet"] > 0 and found["ratio_to_floor"] > 0


def test_another_port_or_host_has_the_packets_and_no_uploads(capture):
    path, packets = capture
    assert [bench(str(path), 1, (81,))[name] for name in ("packets", "uploads")] == [packets, 0]
    assert bench(str(path), 1, (80,), "192.0.2.99")["uploads"] == 0


def test_what_is_no_capture_is_said_before_anything_is_measured(tmp_path):
    (tmp_path / "x").write_text("no capture")
    with pytest.raises(CaptureError):
        bench(str(tmp_path / "x"))
