"""Bodies on disk: what is packed comes back, damage is an error, and the format stays what it is."""
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.store import bodies
from appliance.store.bodies import DICTIONARY, pack, unpack

HEARTBEAT = b"100\tSPMS\t10\tZT160000000441C0001\t20170607162941\n102\tnomAQPq+JV15zemUzITk\n"


@given(st.binary(max_size=5000))
def test_what_is_packed_comes_back(body: bytes) -> None:
    assert unpack(pack(body)) == body


def test_the_dictionary_is_part_of_the_file_format() -> None:
    assert hashlib.sha256(DICTIONARY).hexdigest().startswith("2a1c738586350a6a")


def test_the_dictionary_makes_a_heartbeat_much_shorter() -> None:
    assert len(pack(HEARTBEAT)) < 0.7 * min(len(HEARTBEAT), len(zlib.compress(HEARTBEAT)))


@given(st.data())
def test_any_cut_is_found(data: st.DataObject) -> None:
    stored = pack(HEARTBEAT * 5)
    with pytest.raises(ValueError, match="damaged upload"):
        unpack(stored[:data.draw(st.integers(0, len(stored) - 1))])


@given(st.binary(max_size=200))
def test_bytes_that_were_never_packed_are_an_error_or_a_body(stored: bytes) -> None:
    try:
        assert isinstance(unpack(stored), bytes)
    except ValueError as error:
        assert "damaged upload" in str(error)


def test_a_body_that_unpacks_beyond_the_bound_is_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_BODY", 1000)
    assert unpack(pack(b"x" * 1000)) == b"x" * 1000
    with pytest.raises(ValueError, match="end is missing"):
        unpack(pack(b"x" * 1001))
