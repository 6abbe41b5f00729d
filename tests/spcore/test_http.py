"""HTTP requests in a stream with holes: every shape a request may have, and nothing that crosses a hole."""
import pytest

from spcore.limits import Limits
from spcore.lines import records
from tests.spcore.requests import BODY, CHUNKED, CUTS, LINES, chunked, parse
from tests.spcore.tcp import PATH, SECOND, Talk, feed, post

SHAPES = {
    "plain": post(BODY),
    "bare LF": post(BODY, newline="\n"),
    "header in another case": post(BODY, headers=f"CONTENT-length:{len(BODY)}"),
    "blanks around the length": post(BODY, headers=f"Content-Length: \t {len(BODY)} \t"),
    "header last": post(BODY, headers=f"Accept: */*\r\nX: y: z\r\nContent-Length: {len(BODY)}"),
    "the same length twice": post(BODY, headers=f"Content-Length: {len(BODY)}\r\nContent-Length: {len(BODY)}"),
    "leading zeros": post(BODY, headers=f"Content-Length: 000{len(BODY)}"),
    "no Host": f"POST {PATH} HTTP/1.1\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY,
    "HTTP/1.0": post(BODY).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "expect": post(BODY, headers=f"Expect: 100-continue\r\nContent-Length: {len(BODY)}"),
    "command path": post(BODY, path="/Command/SMS2DataCollector.aspx"),
    "query": post(BODY, path=PATH + "?a=b&c=/x"),
    "absolute form": post(BODY, path="http://collector.example" + PATH),
    "absolute form in capitals": post(BODY, path="HTTP://collector.example" + PATH),
    "empty lines before it": b"\r\n\r\n\n" + post(BODY),
    "chunked": CHUNKED + chunked(BODY, 5, 1, 20),
    "one chunk": CHUNKED + chunked(BODY),
    "chunks with LF": CHUNKED.replace(b"\r\n", b"\n") + chunked(BODY, 9, newline=b"\n"),
    "chunk extensions": CHUNKED + b"%X;name=\"v\"\r\n" % len(BODY) + BODY + b"\r\n000;x\r\n\r\n",
    "chunk trailers": CHUNKED + chunked(BODY, 7, trailer=b"X-Sum: 1\r\nY: 2\r\n"),
    "chunked overrides a length": post(b"", headers="Content-Length: 3\r\nTransfer-Encoding: chunked") + chunked(BODY),
}


@CUTS
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_a_request_gives_its_body(shape, how):
    found, counters = parse(SHAPES[shape], how)
    assert found == [(BODY, True)]
    assert (counters["requests"], counters["uploads_complete"], counters["bad_length"]) == (1, 1, 0)


@CUTS
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\x00junk\n", b"\0" * 40, b"POST", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_junk_behind_a_request_changes_nothing_and_the_next_request_is_found(shape, junk, how):
    found, _ = parse(SHAPES[shape] + junk, how)
    assert found == [(BODY, True)]
    found, _ = parse(SHAPES[shape] + junk + b"\n" + post(b"7\n"), how)
    assert found == [(BODY, True), (b"7\n", True)]


@CUTS
def test_several_requests_on_one_connection_come_out_in_order(how):
    stream = b"".join(SHAPES.values())
    assert parse(stream, how)[0] == [(BODY, True)] * len(SHAPES)


@CUTS
def test_an_empty_body_is_counted_and_the_next_is_read(how):
    found, counters = parse(post(b"") + CHUNKED + chunked(b"") + post(b"1\n"), how)
    assert found == [(b"1\n", True)]
    assert counters["uploads_empty"] == 2


@CUTS
def test_a_post_without_any_length_gives_nothing_and_the_next_is_found(how):
    found, counters = parse(post(BODY, headers="A: b") + post(b"9\n"), how)
    assert found == [(b"9\n", True)]
    assert counters["no_length"] == 1


@CUTS
def test_a_header_block_over_the_limit_is_counted_and_the_next_request_is_found(how):
    limits = Limits(max_head=600)
    long_line = post(BODY, headers="X: " + "y" * 700 + f"\r\nContent-Length: {len(BODY)}")
    many_lines = post(BODY, headers="X: y\r\n" * 200 + f"Content-Length: {len(BODY)}")
    long_target = post(BODY, path="/" + "z" * 700 + PATH)
    for stream in (long_line, many_lines, long_target):
        found, counters = parse(stream + b"\n" + post(b"9\n"), how, limits)
        assert found == [(b"9\n", True)]
        assert counters["head_too_long"] == 1


@CUTS
def test_endless_lines_where_a_request_should_be_hold_no_memory(how):
    found, counters = parse(b"x" * 40_000 + b"\n" + post(b"9\n"), how, Limits(max_head=600))
    assert found == [(b"9\n", True)]
    assert counters["memory_peak"] < 10_000


@CUTS
def test_a_long_body_is_given_out_in_parts_cut_behind_a_line(how):
    body = b"".join(b"130\t%05d\n" % number for number in range(500))
    found, counters = parse(post(body) + post(b"9\n"), how, Limits(max_body_part=1000))
    assert b"".join(part for part, _ in found[:-1]) == body
    assert all(part.endswith(b"\n") and complete for part, complete in found)
    assert counters["body_parts"] >= 1
    assert found[-1] == (b"9\n", True)


@CUTS
def test_a_body_without_a_line_end_does_not_grow_for_ever(how):
    body = b"1" * 5000 + b"\n7\trest\n"
    found, counters = parse(post(body) + post(b"9\n"), how, Limits(max_body_part=1000))
    assert [records(body) for body, _ in found] == [[["7", "rest"]], [["9"]]]
    assert counters["lines_endless"] == (how != "whole")


# Holes ------------------------------------------------------------------------------------------------------------

def with_hole(stream: bytes, start: int, end: int, syn: bool = True) -> tuple[list[tuple[bytes, bool]], dict]:
    """The stream with [start, end) never captured, but acknowledged."""
    talk = Talk()
    if syn:
        talk.open()
    talk.data(0, stream[:start]) if start else talk
    if end < len(stream):
        talk.data(end, stream[end:])
    talk.ack(len(stream)).wait(SECOND).ack(len(stream))
    uploads, counters = feed(talk.frames)
    return [(upload.body, upload.complete) for upload in uploads], counters


def certain_lines(body: bytes, lost: set[int]) -> list[bytes]:
    """The lines of which no byte is lost, nor the LF before them: slow and obvious."""
    lines, at = [], 0
    for line in body.splitlines(keepends=True):
        if not lost & set(range(max(0, at - 1), at + len(line))):
            lines.append(line)
        at += len(line)
    return lines


def test_a_hole_anywhere_in_a_body_costs_exactly_the_lines_it_touched():
    stream = post(BODY)
    head = len(stream) - len(BODY)
    for start in range(head, len(stream)):
        for end in range(start + 1, len(stream) + 1):
            found, counters = with_hole(stream + post(b"9\n"), start, end)
            lines = certain_lines(BODY, set(range(start - head, end - head)))
            expected = [(b"".join(lines), False)] if lines else []
            assert found == [*expected, (b"9\n", True)], (start, end)
            assert counters["uploads_incomplete" if lines else "uploads_lost"] == 1


def test_a_hole_anywhere_in_a_header_block_gives_nothing_of_it_and_the_next_upload():
    stream = post(BODY)
    for start in range(0, len(stream) - len(BODY), 3):
        for end in range(start + 1, len(stream) - len(BODY) + 1, 5):
            found, _ = with_hole(stream + b"\n" + post(b"9\n"), start, end)
            assert found == [(b"9\n", True)], (start, end)


def test_a_hole_over_a_request_boundary_gives_what_is_certain_on_both_sides():
    stream = post(BODY) + post(b"5\n") + post(b"9\n")
    boundary = len(post(BODY))
    for start in range(boundary - len(BODY), boundary):
        for end in range(boundary + 1, boundary + len(post(b"5\n"))):
            found, _ = with_hole(stream, start, end)
            kept = b"".join(certain_lines(BODY, set(range(start - boundary + len(BODY), len(BODY)))))
            assert found in ([(kept, False), (b"9\n", True)], [(b"9\n", True)])
            assert (len(found) == 2) == bool(kept)


def test_a_hole_anywhere_in_a_chunked_body_gives_right_lines_or_none():
    stream = CHUNKED + chunked(BODY, 12, 3, 20)
    for start in range(len(CHUNKED), len(stream)):
        for end in range(start + 1, len(stream) + 1):
            found, _ = with_hole(stream + b"\r\n" + post(b"9\n"), start, end)
            lines = b"".join(body for body, complete in found if not complete).splitlines(keepends=True)
            assert set(lines) <= set(LINES), (start, end)
            assert found[-1] == (b"9\n", True) or end > len(stream) - 2, (start, end)
            assert not any(complete for body, complete in found if body != b"9\n")


def test_a_hole_inside_one_chunk_costs_exactly_the_lines_it_touched():
    stream = CHUNKED + chunked(BODY)
    head = len(CHUNKED) + len(b"%x\r\n" % len(BODY))
    for start in range(head, head + len(BODY)):
        found, _ = with_hole(stream, start, min(start + 4, head + len(BODY)))
        lines = certain_lines(BODY, set(range(start - head, min(start - head + 4, len(BODY)))))
        assert found == [(b"".join(lines), False)]


def test_a_hole_of_unknown_length_at_the_beginning_gives_only_whole_uploads():
    stream = post(BODY) + post(b"9\n")
    for start in range(1, len(post(BODY))):
        found, _ = with_hole(stream, 0, start, syn=False)
        assert found == [(b"9\n", True)]
        found, _ = with_hole(stream, 0, start, syn=True)
        assert found == [(b"9\n", True)]


def test_a_last_line_without_its_lf_is_given_out_only_when_the_body_is_whole():
    body = b"1\tone\n2\ttwo"
    stream = post(body)
    assert parse(stream)[0] == [(body, True)]
    assert parse(stream[:-1])[0] == [(b"1\tone\n", False)]
    assert with_hole(stream, len(stream) - 11, len(stream) - 9)[0] == [(b"2\ttwo", False)]
    assert with_hole(stream, len(stream) - 2, len(stream))[0] == [(b"1\tone\n", False)]


@CUTS
def test_a_stream_cut_anywhere_gives_its_whole_lines(how):
    stream = post(BODY)
    for end in range(1, len(stream)):
        kept = stream[len(stream) - len(BODY):end]
        kept = kept[:kept.rfind(b"\n") + 1]
        assert parse(stream[:end], how)[0] == ([(kept, False)] if kept else [])


def test_a_hole_is_not_filled_with_zeros_or_text():
    stream = post(b"1\t" + b"a" * 100 + b"\n2\tb\n")
    found, _ = with_hole(stream, len(stream) - 80, len(stream) - 20)
    assert found == [(b"2\tb\n", False)]
