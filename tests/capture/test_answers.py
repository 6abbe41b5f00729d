"""The second look at the wire: a capture file is looked at as if it came now, and an interface that is not there costs
nothing but the look. On a real bridge it is held in tests/collector/test_auto."""
from pathlib import Path

import pcapy
import pytest

from appliance.capture.answers import Watch, open_watch, read_file
from appliance.collector.liveness import WireView
from appliance.simulate import pcapfile, traffic, uploads
from appliance.simulate.traffic import Conversation
from appliance.system.clock import Clock
from tests.cli.processes import wait_for


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """A capture of one upload and its answer."""
    made = Conversation(traffic.CLIENT, traffic.SERVER, start_us=0, seed=1)
    made.post(uploads.post(b"100\tSPMS\n"))
    made.close()
    pcapfile.write(tmp_path / "talk.pcap", made.frames)
    return tmp_path / "talk.pcap"


def test_a_file_is_looked_at_as_if_it_came_at_that_moment(talk: Path) -> None:
    view = WireView(1000.0)
    read_file(talk, view, 1234.0)
    assert (view.answered, list(view.tries), view.addresses) == (1234.0, [1234.0], [traffic.SERVER.address])


@pytest.mark.parametrize("content", [None, b"", b"no capture"])
def test_a_file_that_cannot_be_read_is_not_seen(tmp_path: Path, content: bytes | None) -> None:
    view = WireView(1000.0)
    if content is not None:
        (tmp_path / "x").write_bytes(content)
    read_file(tmp_path / "x", view, 1234.0)
    assert view.answered is None and not view.tries


def test_an_interface_that_is_not_there_is_counted_and_says_nothing_and_the_thread_ends_when_told() -> None:
    watch = Watch("nosuch0", Clock()).start()
    wait_for(lambda: watch.errors)
    assert watch.facts() is None
    watch.stop()
    assert not watch._thread.is_alive()


def test_an_interface_that_cannot_be_opened_is_an_error_of_the_look() -> None:
    with pytest.raises((pcapy.PcapError, OSError)):
        open_watch("nosuch0")
