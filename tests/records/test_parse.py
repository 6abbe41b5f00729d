"""Record lines become typed readings: the samples of protocol.md, and what a wire can make of them."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.records import (
    Inverter,
    Malformed,
    Reading,
    parse,
)
from spcore.lines import records as lines
from tests.records.samples import LINES, fields


@pytest.mark.parametrize("name", ["120", "122", "130", "131", "140", "141"])
def test_a_line_that_is_too_short_is_malformed(name):
    whole = fields(name)
    results = [parse(whole[:length]) for length in range(1, len(whole) + 1)]
    assert isinstance(results[0], Malformed) and results[0].reason == "too short"
    assert isinstance(results[-1], Reading)
    kinds = [isinstance(result, Reading) for result in results]
    assert kinds == sorted(kinds)       # too short up to a length, good from there on


@pytest.mark.parametrize("time", ["", "20170607", "20171307162000", "20170607166000", "2017060716200x",
                                  "-2017060716200", "٢٠١٧٠٦٠٧١٦٢٠٠٠", "00000101000000", "19691231235959"])
def test_a_time_that_is_none_costs_the_line(time):
    record = parse([fields("130")[0], time, *fields("130")[2:]])
    assert isinstance(record, Malformed) and "time" in record.reason


@pytest.mark.parametrize(("text", "energy"), [
    ("2.6042", 26042), ("2.604", 26040), ("3.21", 32100), ("0", 0), ("-0.0001", -1), ("-0", 0), (".5", 5000),
    ("5.", 50000), ("+1.5", 15000), ("66460.5559", 664_605_559), ("0.00004", 0), ("0.00005", 0), ("0.00015", 2),
    ("-0.00016", -2), ("", None), (".", None), ("-", None), ("1,5", 15000), ("1e3", 10_000_000), ("1.5E-2", 150),
    ("1,000.5", None), ("1e99", None), ("NaN", None), ("inf", None), ("1_0", None), (" 1 ", 10000),
    ("0" * 30 + "1.5", 15000), ("0" * 99, None), ("9" * 16, None), ("٣", None),
    ("--1", None), ("1.2.3", None), ("0x10", None), ("9" * 18, None), (".x5", None), ("-.5", -5000), ("\udcff1", None)])
def test_energy_is_read_exactly_or_not_at_all(text, energy):
    record = parse([*fields("130")[:5], text, *fields("130")[6:]])
    assert isinstance(record, Inverter) and (record.energy_dwh, record.power_dw) == (energy, 963)


@given(st.decimals(min_value=-10**7, max_value=10**7, places=4))
def test_every_number_of_four_decimals_survives(number):
    record = parse([*fields("140")[:5], f"{number:f}", *fields("140")[6:]])
    assert record.energy_dwh == int(number * 10_000)


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=20), min_size=1, max_size=20),
       st.sampled_from(["100", "102", "120", "122", "130", "131", "140", "141", "999", ""]))
def test_nothing_on_the_wire_raises(rest, number):
    parse([number, *rest])


@given(st.binary(max_size=400))
def test_no_body_raises(body):
    for line in lines(body):
        parse(line)


@pytest.mark.parametrize("name", list(LINES))
def test_a_line_cut_anywhere_never_raises_nor_invents_digits(name):
    whole = LINES[name].replace("→", "\t")
    for length in range(1, len(whole)):
        for record in map(parse, lines(whole[:length].encode())):
            if isinstance(record, Reading) and record.energy_dwh is not None:
                full = parse(fields(name))
                assert abs(record.energy_dwh) <= abs(full.energy_dwh)
