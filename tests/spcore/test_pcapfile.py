"""Classic capture files: every order and resolution is read, and a record that cannot be is said with its place."""
import struct

import pytest

from spcore.engine import Engine
from spcore.source import CaptureError, open_file
from tests.spcore.files import packets
from tests.traffic import containers


@pytest.mark.parametrize("spoil, said", [
    (lambda data: data[:32] + struct.pack("<I", 1 << 24) + data[36:], "more bytes than a frame can have"),
    (lambda data: data[:-1], "cut short"),
])
def test_a_pcap_record_that_cannot_be_is_said_with_its_place(spoil, said, tmp_path):
    (tmp_path / "x").write_bytes(spoil(containers.pcap(packets(count=1))))
    with pytest.raises(CaptureError, match=said + r".* \(at byte \d+\)"), open_file(str(tmp_path / "x")) as source:
        list(source.run(Engine()))
