"""Record lines become typed readings: the samples of protocol.md, and what a wire can make of them."""
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.records import (
    Header,
    Inverter,
    InverterExtra,
    Malformed,
    Meter,
    MeterExtra,
    Reading,
    Status,
    Supervisor,
    Trailer,
    Unknown,
    parse,
)
from spcore.lines import records as lines

T1 = int(datetime(2017, 6, 7, 16, 20, tzinfo=UTC).timestamp())
LINES = {
    "100": "100→SPMS→10→ZT160000000441C0001→20170607162941",
    "120": "120→20260509230000→TABD00000001→0→0→0→31→93234→2571→0.00→8180→4568",
    "122": "122→20260509204435→TABD00000001→SMSPVS20R1→1.4.10 Build 10102619→2.2.0 build 176→PV Supervisor→SMS2.0",
    "130": "130→20170607162000→414050000000001→AC_Module_Type_C→→2.6042→0.0963→249.03→0.5752→0.0995→56.0065→1.7445"
           "→28.75→60.0096→0",
    "fronius": "130→20260509230000→830000001→FRONIUS IG 4000→8→66460.5559→1.302→248→5.83→→303→5.1→→59.96→0",
    "131": "131→20260509230000→830000001→FRONIUS IG 4000→1→1511→546",
    "140": "140→20170607162000→PVS5M000001c→PVS5M0400c→100→3.21→-1.3783→1.1428→2.0108→-0.6878→60.001→0",
    "141": "141→20170607162000→PVS5M000001c→PVS5M0400c→1→8.1442→8.0305→124.2035→124.4099→-0.8299→-0.5483→6.693",
    "102": "102→nomAQPq+JV15zemUzITk",
}


def fields(name: str) -> list[str]:
    return LINES[name].split("→")


def test_an_inverters_line_has_exact_energy_and_power():
    record = parse(fields("130"))
    assert isinstance(record, Inverter)
    assert (record.time, record.serial, record.model) == (T1, "414050000000001", "AC_Module_Type_C")
    assert (record.energy_dwh, record.power_dw) == (26042, 963)
    assert record.fields == fields("130")


def test_empty_fields_and_blanks_in_names_shift_no_column():
    record = parse(fields("fronius"))
    assert isinstance(record, Inverter) and record.model == "FRONIUS IG 4000"
    assert (record.energy_dwh, record.power_dw, *record.fields[9:11]) == (664_605_559, 13020, "", "303")


def test_a_meters_counter_may_be_negative_and_its_power_is_signed():
    record = parse(fields("140"))
    assert isinstance(record, Meter) and (record.energy_dwh, record.power_dw) == (32100, -13783)
    assert parse([*fields("140")[:5], "-0.25", *fields("140")[6:]]).energy_dwh == -2500


def test_the_supervisor_tells_its_backlog_and_its_firmware():
    status, identity = parse(fields("120")), parse(fields("122"))
    assert isinstance(status, Status)
    assert status.fields[7] == "93234"
    assert isinstance(identity, Supervisor)
    assert (identity.model, identity.fields[4]) == ("SMSPVS20R1", "1.4.10 Build 10102619")


def test_extra_lines_know_their_set():
    extra, legs = parse(fields("131")), parse(fields("141"))
    assert isinstance(extra, InverterExtra) and (extra.part, extra.fields[5:]) == (1, ["1511", "546"])
    assert isinstance(legs, MeterExtra) and (legs.part, legs.fields[11]) == (1, "6.693")


def test_an_upload_has_a_header_and_a_trailer():
    assert parse(fields("100")) == Header("ZT160000000441C0001", T1 + 581)
    assert parse(fields("102")) == Trailer("nomAQPq+JV15zemUzITk")
    assert parse(["100", "SPMS", "10", "ZT1", "soon"]) == Header("ZT1", None)


def test_readings_cannot_be_changed():
    with pytest.raises(AttributeError):
        parse(fields("130")).energy_dwh = 0


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


def test_unknown_numbers_are_kept_as_they_came():
    line = ["150", "20170607162000", "X1", "", "a b"]
    assert parse(line) == Unknown(150, T1, "X1", line)
    assert parse(["170"]) == Unknown(170, None, "", ["170"])
    assert parse(["1002", "20170607162000"]) == Unknown(1002, T1, "", ["1002", "20170607162000"])


def test_a_number_that_is_none_is_malformed():
    assert isinstance(parse(["x"]), Malformed) and isinstance(parse([""]), Malformed)


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
