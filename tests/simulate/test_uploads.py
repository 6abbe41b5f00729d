"""Uploads: the bytes are those of the wire page, and the places of the body in the request are right."""
import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.simulate import uploads


def test_the_request_is_the_header_block_of_the_real_box_and_nothing_else():
    body = uploads.body([], "ZT160000000441C0001", 1496852981, random.Random(1))
    assert uploads.post(body, uploads.COMMAND).wire == (
        b"POST /Command/SMS2DataCollector.aspx HTTP/1.1\r\nHost: collector.sunpowermonitor.com\r\n"
        b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def test_a_body_is_100_first_102_last_and_an_lf_after_every_line():
    lines = [["130", "20170607162000", "4140", "AC_Module_Type_C", "", "2.6042"]]
    body = uploads.body(lines, "ZT160000000441C0001", 1496852981, random.Random(1)).decode()
    header, record, trailer, rest = body.split("\n")
    assert header == "100\tSPMS\t10\tZT160000000441C0001\t20170607162941"
    assert record == "130\t20170607162000\t4140\tAC_Module_Type_C\t\t2.6042"
    number, text = trailer.split("\t")
    assert (number, len(base64.b64decode(text)), rest) == ("102", 15, "")


def test_the_trailer_differs_in_every_upload():
    rng = random.Random(1)
    assert len({uploads.body([], "S", 0, rng) for _ in range(100)}) == 100


@given(body=st.binary(max_size=2000), chunks=st.lists(st.integers(1, 700), max_size=4),
       newline=st.sampled_from(["\r\n", "\n"]), expect=st.booleans())
def test_the_pieces_are_the_body_whatever_the_framing(body, chunks, newline, expect):
    post = uploads.post(body, newline=newline, chunks=chunks, expect=expect, extra_headers=["X-Box: 1"])
    assert b"".join(post.wire[at:at + length] for at, length in post.pieces) == body
    assert post.wire[:post.head].endswith(newline.encode() * 2)
    assert post.head <= (post.pieces[0][0] if post.pieces else len(post.wire))
    assert (b"Expect: 100-continue" in post.wire[:post.head]) == expect


@pytest.mark.parametrize("size", [0, 1, 539, 600, 5000])
def test_pieces_on_the_socket_are_540_to_600_bytes_but_the_last(size):
    data = random.Random(1).randbytes(size)
    pieces = uploads.cut(data, random.Random(2))
    assert b"".join(pieces) == data
    assert all(540 <= len(piece) <= 600 for piece in pieces[:-1])
