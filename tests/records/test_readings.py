"""The readings: each kind has its values where its description says, and cannot be changed."""
import re

import pytest

from appliance.records import Inverter, InverterExtra, Malformed, Meter, MeterExtra, Status, Supervisor, parse
from tests.records.samples import T1, fields


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


def test_readings_cannot_be_changed():
    with pytest.raises(AttributeError):
        parse(fields("130")).energy_dwh = 0


@pytest.mark.parametrize("name", ["120", "122", "130", "131", "140", "141"])
def test_every_field_that_a_reading_describes_is_in_its_sample_line(name):
    record = parse(fields(name))
    described = {int(number) for number in re.findall(r"\bf(\d+)", type(record).__doc__)}
    assert described and max(described) < len(record.fields)
    assert (record.number, record.fields) == (int(name), fields(name))


def test_a_reading_put_right_is_the_same_reading_at_another_time():
    record = parse(fields("130"))
    assert record._replace(time=7) == Inverter(record.number, 7, *record[2:]) != record


def test_blanks_around_a_serial_number_make_no_other_device():
    line = "130\t20170607162000\t 414050000000001 \tAC_Module_Type_C\t\t2.6042\t0.1"
    assert parse(line.split("\t")).serial == "414050000000001"
    assert parse(["100", "SPMS", "10", "ZT160000000441C0001 ", "20170607162941"]).serial == "ZT160000000441C0001"
    assert isinstance(parse(line.replace("414050000000001", "").split("\t")), Malformed)
