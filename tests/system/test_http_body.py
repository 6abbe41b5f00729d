"""The body of a reply as it came: whole and in pieces, nothing unpacked, an end that comes too early told."""
import gzip

import pytest
import requests

from appliance.system import http_body
from tests.pvoutput.odd import odd_server


def body_of(raw: bytes, size: int = 1000) -> list[bytes]:
    with odd_server(raw) as (url, _), requests.get(url, stream=True, timeout=20) as response:
        return list(http_body.pieces(response, size))


@pytest.mark.parametrize("coding", ["", "Content-Encoding: identity\r\n", "Content-Encoding:  Identity \r\n"])
def test_a_plain_body_comes_whole_in_pieces_of_at_most_the_size(coding: str) -> None:
    head = f"HTTP/1.1 200 OK\r\n{coding}Content-Length: 25\r\n\r\n"
    found = body_of(head.encode() + b"abcde" * 5, 10)
    assert b"".join(found) == b"abcde" * 5 and max(map(len, found)) <= 10


def test_chunks_are_put_together() -> None:
    found = body_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert b"".join(found) == b"abcde"


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "gzip, identity", "x" * 1000])
def test_a_body_that_is_packed_is_refused_before_it_is_read(coding: str) -> None:
    packed = gzip.compress(bytes(100_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(packed)}\r\n\r\n"
    with pytest.raises(ValueError, match="packed its reply") as caught:
        body_of(head.encode() + packed)
    assert len(str(caught.value)) < 150


def test_a_body_that_breaks_off_is_a_failed_connection() -> None:
    with pytest.raises(requests.ConnectionError):
        body_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
