"""The services of the simulated PVOutput as functions: what each answers, and which may only be read."""
from datetime import UTC, datetime

import pytest

from appliance.pvoutput import reply_fields
from appliance.simulate.pvoutput_services import MAX_HISTORY, READS, WRITES
from appliance.simulate.pvoutput_site import Refusal, Site, System

NOW = datetime(2026, 5, 9, 21, 2, tzinfo=UTC).timestamp()
DAY = "20260509"


@pytest.fixture
def site() -> Site:
    return Site(System(arrays=2, name="East, with a comma"))


def call(site: Site, name: str, **form: str) -> str:
    return {**READS, **WRITES}[name](site, form, NOW)


def fill(site: Site, count: int) -> None:
    rows = ";".join(f"{DAY},{number // 12 + 8:02}:{number % 12 * 5:02},{number * 10},100" for number in range(count))
    call(site, "addbatchstatus", data=rows)


def test_a_service_reads_or_writes() -> None:
    assert not set(READS) & set(WRITES) and all(name.startswith("get") for name in READS)


def test_a_batch_is_answered_row_by_row_in_its_order(site: Site) -> None:
    assert call(site, "addbatchstatus", data=f"{DAY},12:05,20,1;{DAY},12:00,10,1") == f"{DAY},12:05,1;{DAY},12:00,1"
    assert call(site, "addbatchstatus", data=f"{DAY},12:00,10,1;{DAY},12:05,21,1") == f"{DAY},12:00,0;{DAY},12:05,1"


@pytest.mark.parametrize(("form", "words"), [
    ({}, "Missing"), ({"data": ""}, "Missing"), ({"data": ";"}, "Missing"), ({"data": ",".join("1" * 20)}, "Could not"),
    ({"data": f"{DAY},12:00,1", "c1": "4"}, "c1")])
def test_a_batch_that_cannot_be_read_is_refused(site: Site, form: dict[str, str], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        call(site, "addbatchstatus", **form)


def test_a_history_is_newest_first_unless_asked_otherwise_and_as_long_as_asked(site: Site) -> None:
    fill(site, 30)
    newest = call(site, "getstatus", d=DAY, h="1").split(";")
    assert len(newest) == 30 and newest[0].split(",")[1] == "10:25"
    oldest = call(site, "getstatus", d=DAY, h="1", asc="1", limit="3").split(";")
    assert [row.split(",")[1] for row in oldest] == ["08:00", "08:05", "08:10"]
    assert len(call(site, "getstatus", d=DAY, h="1", limit=str(10 * MAX_HISTORY)).split(";")) == 30
    assert oldest[1].split(",")[2:8] == ["10", "0.002", "100", "120", "0.021", "NaN"]


def test_a_single_status_is_the_newest_or_the_one_asked_for(site: Site) -> None:
    fill(site, 3)
    assert call(site, "getstatus").startswith(f"{DAY},08:10,20,100,")
    assert call(site, "getstatus", d=DAY, t="08:00").startswith(f"{DAY},08:00,0,100,")
    for form in ({"d": DAY, "t": "12:00"}, {"d": "20260508"}, {"d": DAY, "h": "1", "limit": "x"}):
        with pytest.raises(Refusal):
            call(site, "getstatus", **form)


def test_outputs_are_by_day_newest_first_within_the_days_asked_for(site: Site) -> None:
    for day in ("20260507", "20260508", "20260509"):
        call(site, "addoutput", d=day, g="5000")
    found = call(site, "getoutput", df="20260508").split(";")
    assert [row.split(",")[:3] for row in found] == [["20260509", "5000", "1.042"], ["20260508", "5000", "1.042"]]
    assert len(call(site, "getoutput", limit="1").split(";")) == 1
    with pytest.raises(Refusal, match="No outputs"):
        call(site, "getoutput", df="20270101")


@pytest.mark.parametrize("donor", [False, True])
def test_what_getsystem_says_is_what_suntap_reads(donor: bool) -> None:
    site = Site(System(name="East roof", donor=donor, interval=15, arrays=3))
    found = reply_fields.parse_system(call(site, "getsystem", tz="1", donations="1"))
    assert found is not None
    assert (found.name, found.size_w, found.interval_s, found.zone, found.donor) == (
        "East roof", 4800, 900, "America/Los_Angeles", donor)
