"""Record lines: which there are, which are counted and left out, and text and JSON exactly as Python would write it."""
import pytest

from spcore.engine import Engine
from spcore.limits import Limits
from spcore.lines import LineFormat, records
from tests.spcore.formats import as_json, feed_lines, formatted
from tests.spcore.tcp import Talk, post


def test_a_line_is_a_list_of_its_fields_between_single_tabs():
    assert records(b"130\t2026\t\tx y\t\n") == [["130", "2026", "", "x y", ""]]


def test_lines_end_at_lf_and_a_cr_before_it_is_dropped():
    assert records(b"1\ta\r\n2\tb\n3\tc\r\r\n4\td") == [["1", "a"], ["2", "b"], ["3", "c\r"], ["4", "d"]]


def test_bytes_that_are_not_utf8_survive():
    line = b"130\t\xff\xfe\xc3\xa9\xed\xa0\x80"
    assert "\t".join(records(line)[0]).encode("utf-8", "surrogateescape") == line


@pytest.mark.parametrize("line, is_record", [
    (b"130", True), (b"130\tx", True), (b"999999999\tx", True), (b"1234567890\tx", False), (b"", False),
    (b"\t130", False),
    (b"x130", False), (b"130x\ty", False), (b"-1\tx", False), (b" 1\tx", False), ("١\tx".encode(), False),
    (b"1 \tx", False),
])
def test_the_first_field_is_a_number(line, is_record):
    assert bool(records(line + b"\n")) == is_record
    assert formatted(line + b"\n1\n")[1].counters() == {
        "lines": 1 + is_record, "lines_too_long": 0, "lines_without_number": int(not is_record and line != b"")}


def test_a_first_field_of_too_many_digits_is_counted_and_left_out():
    limits = Limits(max_number=3)
    assert records(b"123\tx\n1234\tx\n", limits) == [["123", "x"]]
    text, lines = formatted(b"123\tx\n1234\tx\n", limits=limits)
    assert (text, lines.counters()["lines_without_number"]) == (b"123\tx\n", 1)


def test_a_line_over_the_limit_is_counted_and_left_out():
    fits, too_long = b"1\t" + b"x" * (Limits.max_line - 2), b"1\t" + b"x" * (Limits.max_line - 1)
    assert len(records(fits + b"\n" + too_long + b"\r\n2\n")) == 2
    text, lines = formatted(fits + b"\n" + too_long + b"\n2\n")
    assert text == fits + b"\n2\n"
    assert lines.counters()["lines_too_long"] == 1


def test_text_is_the_line_as_sent():
    assert formatted(b"130\t\xff\x1b[1m \r\n2\n")[0] == b"130\t\xff\x1b[1m \n2\n"


@pytest.mark.parametrize("at", [0, 999_800, 2_147_483_647_000_000])
def test_json_has_the_time_to_the_microsecond(at):
    assert formatted(b"1\n", at=at, json=True)[0].decode() == as_json(["1"], at=at + 200)


def test_output_comes_in_pieces_however_much_a_body_grows():
    engine, lines = Engine(), LineFormat(json=True)
    talk = Talk().open()
    stream = post(b"1\n" * 60_000)
    for at in range(0, len(stream), 50_000):
        talk.data(at, stream[at:at + 50_000])
    feed_lines(engine, talk.frames)
    sizes = []
    while engine.pending():
        sizes.append(len(engine.take_lines(lines)))
    assert max(sizes) < (1 << 20) + 1000
    assert lines.counters()["lines"] == 60_000
    assert sum(sizes) == 60_000 * len(as_json(["1"]))


def test_a_piece_is_as_long_as_its_limit_says():
    engine, lines = Engine(), LineFormat(limits=Limits(piece_bytes=1000))
    feed_lines(engine, Talk().open().whole(post(b"130\tabcd\n" * 500)).frames)
    pieces = []
    while engine.pending():
        pieces.append(bytes(engine.take_lines(lines)))
    assert b"".join(pieces) == b"130\tabcd\n" * 500
    assert {len(piece) for piece in pieces} == {1008, 4500 % 1008}


def test_records_refuses_anything_but_bytes():
    with pytest.raises(TypeError):
        records("1\n")  # type: ignore[arg-type]
