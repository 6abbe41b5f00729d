"""Line protocol: read back by an obvious parser, it is the row; whatever a serial holds, a line stays one line."""
import re
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from appliance.history.changes import Change, InverterDay
from appliance.ledger.slot import Slot
from appliance.outputs.lines import encode
from tests.outputs.support import ZONE

ENERGY = st.none() | st.integers(-10**9, 10**9)


def read(line: str) -> tuple[str, dict[str, str], dict[str, str], int]:
    """A slow reader of one line: (measurement, tags, fields, time)."""
    head, fields, time = re.split(r"(?<!\\) ", line)
    name, *tags = re.split(r"(?<!\\),", head)
    plain = [re.sub(r"\\(.)", r"\1", tag) for tag in tags]
    pairs = dict(pair.split("=") for pair in fields.split(","))
    return name, dict(tag.split("=", 1) for tag in plain), pairs, int(time)


@given(st.integers(0, 2**32), ENERGY, ENERGY, ENERGY, st.integers(1, 86400), st.booleans())
def test_a_slot_is_written_digit_by_digit_and_what_is_unknown_is_left_out(time, made, net, used, seconds, hole):
    row = Slot(time, made, net, used, made, used, seconds, hole)
    line = encode.slot(Change(1, 0, time, "", "", row), "home", encode.exact, frozenset({"production", "net"}))
    name, tags, fields, at = read(line)
    assert (name, tags, at) == ("suntap_slot", {"site": "home"}, time * 1000)
    for field, value in (("production_wh", made), ("net_wh", net), ("day_consumption_wh", used)):
        assert (field in fields) == (value is not None)
        if value is not None:
            assert round(float(fields[field]) * 10) == value and re.fullmatch(r"-?\d+\.\d", fields[field])
    assert (fields["seconds"], fields["hole"]) == (f"{seconds}i", f"{int(hole)}i")


@given(st.text(max_size=30))
def test_whatever_a_serial_holds_the_line_is_one_line_with_that_tag(serial):
    change = Change(1, 0, 1778353200, "2026-05-09", serial, InverterDay(12, 345))
    line = encode.inverter(change, "home", encode.exact, ZoneInfo(ZONE))
    assert "\n" not in line and line.isprintable()
    if serial:
        tags = read(line)[1]
        assert len(tags["device"]) == len(serial)
        assert all(kept in (letter, "_") for kept, letter in zip(tags["device"], serial, strict=True))


def test_a_row_that_is_gone_or_a_field_that_became_unknown_counts_nothing():
    known = frozenset({"production"})
    gone = read(encode.slot(Change(5, 1, 300, "", "", None), "home", encode.exact, known))[2]
    assert gone == {"production_wh": "0.0", "day_production_wh": "0.0", "production_w": "0i", "seconds": "0i",
                    "hole": "0i"}
    row = Slot(300, None, None, None, None, None, 300, False)
    assert read(encode.slot(Change(5, 1, 300, "", "", row), "h", encode.exact, known))[2]["production_wh"] == "0.0"
    assert "production_wh" not in read(encode.slot(Change(5, 0, 300, "", "", row), "h", encode.exact, known))[2]


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_editions_of_one_row_follow_each_other_within_its_second(first, second):
    one, other = encode.spread(300, first), encode.spread(300, second)
    assert min(one, other) > 299_000 and max(one, other) <= 300_000
    if first < second <= encode.MAX_REVISION:
        assert one < other
