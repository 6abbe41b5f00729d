"""Bytes from the wire in JSON, exactly as Python would write them, and on a terminal, which they must not steer."""
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spcore.lines import records
from tests.spcore.formats import as_json, formatted

TERMINAL_ATTACKS = [b"130\t\x1b[2J\x07", b"130\t\xc2\x9b2J", b"130\t\x9b2J", b"130\t\x7f\x00"]


@pytest.mark.parametrize("line", TERMINAL_ATTACKS)
def test_nothing_from_the_wire_steers_a_terminal(line):
    text = formatted(line + b"\n", terminal=True)[0]
    shown = text.decode("utf-8")
    assert shown.startswith("130\t") and shown.endswith("\n")
    assert all(character.isprintable() for character in shown[4:-1])


def test_a_terminal_shows_letters_of_every_language():
    line = "130\tZürich 太陽 🌞".encode()
    assert formatted(line + b"\n", terminal=True)[0] == line + b"\n"


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=30) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
                max_size=5))
@example([bytes(range(256))])
@example(["\u2028 \u007f \ud7ff \ue000 \U0010ffff".encode(), b"\xf4\x90\x80\x80\xc0\x80\xe0\x80\xf0\x8f", b'"\\/\b\f'])
def test_json_is_byte_for_byte_what_json_dumps_writes(fields):
    body = b"".join(b"130\t" + field + b"\n" for field in fields)
    assert formatted(body, json=True)[0].decode("ascii") == "".join(map(as_json, records(body)))


def test_json_escapes_the_path_too():
    path = "/\t\"\\\b\f\x01\x7fé\udcff/SMS2DataCollector.aspx"
    assert formatted(b"1\n", path, json=True)[0].decode() == as_json(["1"], path)


@pytest.mark.parametrize("byte", range(256))
def test_every_byte_alone_is_safe_on_a_terminal_and_python_reads_the_json_back(byte):
    body = b"130\t" + bytes([byte]) + b"x\n"
    shown = formatted(body, terminal=True)[0].decode("utf-8")
    assert all(character.isprintable() or character in "\t\n" for character in shown)
    assert formatted(body, json=True)[0].decode("ascii") == "".join(map(as_json, records(body)))
