"""Uploads are kept once, whole and in order of arrival."""
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.store import inbox
from appliance.store.bodies import pack, unpack
from appliance.store.trust import CAPTURE, ROUTER, Arrival
from spcore.uploads import Upload
from tests.store.older import older_inbox


def upload(number: int, body: bytes | None = None, path: str = "/Data/x", captured_us: int | None = None) -> Upload:
    return Upload(number if captured_us is None else captured_us, "192.0.2.20:49152", "198.51.100.7:80", path,
                  b"100\tSPMS\n%d\n" % number if body is None else body, number % 2 == 0)


@pytest.fixture
def conn(tmp_path):
    with closing(inbox.connect(tmp_path)) as conn:
        yield conn


def test_what_was_appended_comes_back_in_order(conn):
    uploads = [upload(number) for number in range(10)]
    assert inbox.append(conn, uploads) == 10
    found = inbox.after(conn, 0, 100)
    assert [one for _, one in found] == uploads and [number for number, _ in found] == list(range(1, 11))


def test_a_repeat_is_stored_once_whenever_and_wherever_from_it_comes(conn):
    assert inbox.append(conn, [upload(1), upload(2), upload(1)]) == 2
    assert inbox.append(conn, [upload(1, captured_us=99), upload(3)]) == 1
    assert inbox.count_after(conn, 0) == 3


def test_the_same_body_on_another_path_is_another_upload(conn):
    assert inbox.append(conn, [upload(1), upload(1, path="/Command/x")]) == 2


def test_a_cursor_and_a_limit_give_what_is_behind(conn):
    inbox.append(conn, [upload(number) for number in range(10)])
    assert [number for number, _ in inbox.after(conn, 4, 3)] == [5, 6, 7]
    assert inbox.after(conn, 10, 3) == [] and inbox.count_after(conn, 7) == 3 and inbox.last_id(conn) == 10


def test_a_batch_of_large_uploads_ends_early_but_is_never_empty(conn, monkeypatch):
    inbox.append(conn, [upload(number, bytes([number]) * 1000) for number in range(5)])
    monkeypatch.setattr(inbox, "MAX_BATCH_BYTES", 1500)
    assert [number for number, _ in inbox.after(conn, 0, 100)] == [1, 2]
    monkeypatch.setattr(inbox, "MAX_BATCH_BYTES", 1)
    assert [number for number, _ in inbox.after(conn, 2, 100)] == [3]


def test_an_empty_inbox_has_no_last_upload(conn):
    assert inbox.last_id(conn) == 0 and inbox.after(conn, 0, 10) == [] and inbox.append(conn, []) == 0


def test_a_strangers_uploads_do_not_make_the_owners_pvs_look_alive(conn):
    """The lamp of the PVS goes by the newest upload whose sender counts."""
    assert inbox.extent(conn) == inbox.Extent(0, 0, None)
    inbox.append(conn, [upload(1, captured_us=5_000_000)])
    assert inbox.extent(conn) == inbox.Extent(1, 1, 5)
    assert inbox.append(conn, [upload(2, captured_us=9_000_000)], Arrival(CAPTURE, ROUTER)) == 1
    assert inbox.extent(conn) == inbox.Extent(2, 2, 5)
    conn.execute("UPDATE sender SET state = 'aside'")
    assert inbox.extent(conn) == inbox.Extent(2, 2, None)


def test_the_newest_come_first(conn):
    inbox.append(conn, [upload(number) for number in range(5)])
    assert [number for number, _ in inbox.newest(conn, 2)] == [5, 4]


def hours(conn, first: int, count: int, **more: int) -> list[int]:
    """One upload and one hour after the other; how many each hour deleted."""
    deleted = []
    for number in range(first, first + count):
        inbox.append(conn, [upload(number)])
        deleted.append(inbox.prune(conn, **{"keep_hours": 24, "ingested": 1 << 40, "limit": 100} | more))
    return deleted


def test_an_upload_is_deleted_when_it_is_older_than_so_many_hours_of_capturing_whatever_its_packet_time(conn):
    assert hours(conn, 0, 30) == [0] * 24 + [1] * 6
    assert inbox.after(conn, 0, 1)[0][0] == 7
    assert conn.execute("SELECT count(*), max(number) FROM hour").fetchone() == (25, 30)


def test_an_upload_that_is_not_ingested_yet_stays(conn):
    assert sum(hours(conn, 0, 30, ingested=2)) == 2
    assert inbox.prune(conn, 24, 1 << 40, 100) == 5


def test_pruning_takes_few_at_a_time_and_no_id_comes_again(conn):
    inbox.append(conn, [upload(number) for number in range(10)])
    assert inbox.prune(conn, 0, 10, 6) == 6
    assert inbox.prune(conn, 0, 10, 6) == 4
    inbox.append(conn, [upload(50)])
    assert inbox.last_id(conn) == 11
    assert conn.execute("SELECT pruned_us FROM identity").fetchone() == (9,)


def test_an_inbox_whose_schema_is_older_is_brought_up_to_date_and_keeps_everything_for_the_time_being(tmp_path):
    older_inbox(tmp_path, [upload(number) for number in range(10)], schema=1)
    conn = inbox.connect(tmp_path)
    assert sum(hours(conn, 50, 24)) == 0
    assert hours(conn, 90, 1) == [11]
    conn.close()


def test_a_request_path_of_any_bytes_can_be_stored(conn):
    path = b"/\xff\x00\x1b".decode("utf-8", "surrogateescape")
    assert inbox.append(conn, [upload(1, path=path)]) == 1
    assert inbox.after(conn, 0, 1)[0][1].path == "/\\udcff\x00\x1b"


def test_a_body_damaged_on_disk_comes_out_empty_and_incomplete(conn):
    inbox.append(conn, [upload(2)])
    conn.execute("UPDATE upload SET body = x'78f9deadbeef'")
    assert inbox.after(conn, 0, 1)[0][1].body == b"" and not inbox.after(conn, 0, 1)[0][1].complete


def test_every_inbox_has_an_identity_of_its_own(conn, tmp_path):
    (tmp_path / "other").mkdir()
    with closing(inbox.connect(tmp_path / "other")) as other:
        assert inbox.identity(conn)[0] != inbox.identity(other)[0] and len(inbox.identity(conn)[0]) == 32


@given(st.binary(max_size=5000))
def test_every_body_survives_packing(body):
    assert unpack(pack(body)) == body


def test_a_heartbeat_takes_less_than_seven_tenths_of_its_length():
    body = b"100\tSPMS\t10\tZT160000000441C0001\t20170607162941\n102\tnomAQPq+JV15zemUzITk\n"
    assert len(pack(body)) < len(body) * 0.7


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_packed_body_that_was_cut_or_changed_is_damaged_or_the_same(body, data):
    packed = bytearray(pack(body))
    cut = data.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(ValueError, match="damaged"):
        unpack(bytes(packed[:cut]))
    packed[cut] ^= data.draw(st.integers(1, 255))
    try:
        assert unpack(bytes(packed)) == body
    except ValueError as error:
        assert "damaged" in str(error)


def test_a_body_that_unpacks_without_end_is_damaged(monkeypatch):
    monkeypatch.setattr("appliance.store.bodies.MAX_BODY", 1000)
    with pytest.raises(ValueError, match="damaged"):
        unpack(pack(b"\0" * 5000))
