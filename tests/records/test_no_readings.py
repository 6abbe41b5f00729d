"""The records that are no readings: an upload's frame, numbers nobody knows, and lines that say nothing."""
from dataclasses import fields as fields_of
from dataclasses import replace

import pytest

from appliance.records import Header, Malformed, Trailer, Unknown, parse
from appliance.records.no_readings import MAX_SERIAL
from tests.records.samples import T1, fields


def test_an_upload_has_a_header_and_a_trailer():
    assert parse(fields("100")) == Header("ZT160000000441C0001", T1 + 581)
    assert parse(fields("102")) == Trailer("nomAQPq+JV15zemUzITk")
    assert parse(["100", "SPMS", "10", "ZT1", "soon"]) == Header("ZT1", None)


def test_unknown_numbers_are_kept_as_they_came():
    line = ["150", "20170607162000", "X1", "", "a b"]
    assert parse(line) == Unknown(150, T1, "X1", line)
    assert parse(["170"]) == Unknown(170, None, "", ["170"])
    assert parse(["1002", "20170607162000"]) == Unknown(1002, T1, "", ["1002", "20170607162000"])


def test_a_number_that_is_none_is_malformed():
    assert isinstance(parse(["x"]), Malformed) and isinstance(parse([""]), Malformed)


@pytest.mark.parametrize("line", [["100", "SPMS", "10", "S" * (MAX_SERIAL + 1), "20170607162941"], ["100"], ["102"]])
def test_a_frame_that_says_nothing_is_no_error(line):
    assert isinstance(parse(line), Header | Trailer | Malformed)


@pytest.mark.parametrize("record", [Header("S", 1), Trailer("x"), Unknown(1, None, "", []), Malformed(-1, "x", [])])
def test_records_cannot_be_changed_and_compare_by_value(record):
    with pytest.raises(AttributeError):
        setattr(record, fields_of(record)[0].name, 7)
    assert record == replace(record)
