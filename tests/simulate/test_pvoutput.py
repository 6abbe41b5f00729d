"""The simulated PVOutput keeps to the documented rules; spoken to over real HTTP, never through our client."""
import logging
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import requests

from appliance.simulate.pvoutput import API_KEY, Account, Fault, PvOutput, mask
from appliance.simulate.pvoutput_site import System
from tests.cli.processes import wait_for

NOW = int(datetime(2026, 5, 9, 21, 2, tzinfo=UTC).timestamp())       # 14:02 in Los Angeles
TODAY = "20260509"
HEADERS = {"X-Pvoutput-Apikey": API_KEY, "X-Pvoutput-SystemId": "12345"}


class Hands:
    """A clock that is set by hand."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def time(self) -> float:
        return self.now


class Client:
    """The bare protocol: forms out, text back."""

    def __init__(self, server: PvOutput) -> None:
        self.server = server
        self.headers = dict(HEADERS)

    def __call__(self, service: str, **form: object) -> tuple[int, str]:
        response = self.full(service, **form)
        return response.status_code, response.text

    def full(self, service: str, **form: object) -> requests.Response:
        return requests.post(f"{self.server.url}{service}.jsp", data=form, headers=self.headers, timeout=30)

    def batch(self, *rows: str, **form: object) -> tuple[int, str]:
        return self("addbatchstatus", data=";".join(f"{TODAY},{row}" for row in rows), **form)


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def server(clock):
    with PvOutput(clock, System()) as running:
        yield running


@pytest.fixture
def ask(server):
    return Client(server)


def refused(answer: tuple[int, str], status: int, words: str) -> bool:
    return answer[0] == status and words.lower() in answer[1].lower()


# --- storing ------------------------------------------------------------------------------------------------------


def test_a_status_is_stored_and_repeating_it_changes_nothing(server, ask):
    row = {"d": TODAY, "t": "12:00", "v1": 5000, "v2": 2000, "v3": 900, "v4": 400}
    assert ask("addstatus", **row) == (200, "OK 200: Added Status")
    assert ask("addstatus", **row) == (200, "OK 200: Added Status")
    assert server.site.curve(date(2026, 5, 9)) == {
        "12:00": {name: Decimal(row[name]) for name in ("v1", "v2", "v3", "v4")}}


def test_fields_left_out_keep_what_was_stored(server, ask):
    ask("addstatus", d=TODAY, t="12:00", v1=5000, v2=2000)
    ask("addstatus", d=TODAY, t="12:00", v4=300)
    assert server.site.curve(date(2026, 5, 9))["12:00"] == {"v1": 5000, "v2": 2000, "v4": 300}


def test_a_batch_answers_row_by_row_one_for_new_or_changed_and_zero_for_the_same(ask):
    assert ask.batch("12:00,5000,2000", "12:05,5100,2000") == (200, f"{TODAY},12:00,1;{TODAY},12:05,1")
    assert ask.batch("12:00,5000,2000", "12:05,5101,2000") == (200, f"{TODAY},12:00,0;{TODAY},12:05,1")


def test_one_bad_row_refuses_the_whole_batch(server, ask):
    assert refused(ask.batch("12:00,5000,2000", "12:05,x,1"), 400, "Could not read v1")
    assert server.site.curve(date(2026, 5, 9)) == {}


@pytest.mark.parametrize("donor, accepted, status, words", [
    (False, 30, 403, "Donation Mode"), (True, 100, 400, "Too many")])
def test_a_batch_has_its_size(clock, donor, accepted, status, words):
    with PvOutput(clock, System(donor=donor)) as server:
        ask = Client(server)
        rows = [f"{n // 12:02}:{n % 12 * 5:02},0" for n in range(accepted + 1)]
        assert refused(ask.batch(*rows), status, words)
        assert ask.batch(*rows[:-1])[0] == 200


def test_times_go_to_the_nearest_interval_even_over_midnight(server, ask, clock):
    clock.now += 86400
    ask("addstatus", d=TODAY, t="12:02", v3=1)
    ask("addstatus", d=TODAY, t="12:08", v3=2)
    ask("addstatus", d=TODAY, t="23:58", v3=3)
    assert list(server.site.curve(date(2026, 5, 9))) == ["12:00", "12:10"]
    assert list(server.site.curve(date(2026, 5, 10))) == ["00:00"]


def test_c1_subtracts_the_first_value_received_for_the_day(server, ask):
    ask("addstatus", d=TODAY, t="12:00", v1=1_000_000, v3=500, c1=1)
    ask("addstatus", d=TODAY, t="12:05", v1=1_000_120, v3=530, c1=1)
    ask("addstatus", d=TODAY, t="12:10", v1=1_000_200, v3=70, c1=2)
    curve = server.site.curve(date(2026, 5, 9))
    assert [(row["v1"], row["v3"]) for row in curve.values()] == [(0, 0), (120, 30), (200, 70)]


def test_net_needs_stored_generation_and_excludes_c1(server, ask):
    assert refused(ask("addstatus", d=TODAY, t="12:00", v4=100, n=1), 400, "Missing energy and power values")
    ask("addstatus", d=TODAY, t="12:00", v1=100, v2=2000)
    assert refused(ask("addstatus", d=TODAY, t="12:00", v4=100, n=1, c1=1), 400, "Invalid net and cumulative")
    assert ask("addstatus", d=TODAY, t="12:00", v2=1500, n=1)[0] == 200
    assert server.site.curve(date(2026, 5, 9))["12:00"] == {"v1": 100, "v2": 2000, "v4": 500}


def test_statuses_are_deleted_one_by_one_or_the_whole_day(server, ask):
    ask.batch("12:00,1", "12:05,2", "12:10,3")
    assert ask("deletestatus", d=TODAY, t="12:05")[0] == 200
    assert list(server.site.curve(date(2026, 5, 9))) == ["12:00", "12:10"]
    assert refused(ask("deletestatus", d=TODAY, t="12:05"), 400, "No status found")
    ask("deletestatus", d=TODAY)
    assert server.site.curve(date(2026, 5, 9)) == {}


# --- refusing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form, words", [
    ({"t": "12:00", "v1": 1}, "Missing date or time"),
    ({"d": TODAY, "v1": 1}, "Missing date or time"),
    ({"d": TODAY, "t": "12:00"}, "Missing energy and power values"),
    ({"d": TODAY, "t": "12:00", "v5": 20}, "Missing energy and power values"),
    ({"d": "2026059", "t": "12:00", "v1": 1}, "Could not read date"),
    ({"d": TODAY, "t": "25:00", "v1": 1}, "Could not read time"),
    ({"d": TODAY, "t": "12:00", "v1": "-1"}, "Could not read v1"),
    ({"d": TODAY, "t": "12:00", "v2": "1.5"}, "Could not read v2"),
    ({"d": TODAY, "t": "12:00", "v5": "nan", "v1": 1}, "Could not read v5"),
    ({"d": TODAY, "t": "12:00", "v1": 1, "c1": 7}, "Could not read c1"),
    ({"d": "20260510", "t": "00:00", "v1": 1}, "Invalid future date [20260510]"),
    ({"d": TODAY, "t": "14:03", "v1": 1}, "Date is in the future"),
    ({"d": "20260424", "t": "12:00", "v1": 1}, "Date is older than 14 days [20260424]"),
    ({"d": TODAY, "t": "12:00", "v2": 7201}, "Power value [7201] too high for system size [4800]"),
    ({"d": TODAY, "t": "12:00", "v1": 57601}, "Energy value [57601] too high for system size [4800]"),
    ({"d": TODAY, "t": "06:30", "v1": 8401}, "Energy value [8401] too high for [06:30]"),
    ({"d": TODAY, "t": "07:57", "v1": 18601}, "too high for [07:55]"),
    ({"d": TODAY, "t": "12:00", "v3": 200_001}, "too high"),
    ({"d": TODAY, "t": "12:00", "v4": 100_001}, "too high"),
    ({"d": TODAY, "t": "02:00", "v2": 1}, "Moon Powered"),
])
def test_a_status_outside_the_limits_is_refused_with_the_documented_words(server, ask, form, words):
    assert refused(ask("addstatus", **form), 400, words)
    assert server.site.days == {}


@pytest.mark.parametrize("form", [
    {"d": TODAY, "t": "14:02", "v1": 1},
    {"d": "20260425", "t": "12:00", "v1": 1},
    {"d": TODAY, "t": "12:00", "v2": 7200},
    {"d": TODAY, "t": "12:00", "v1": 57600},
    {"d": TODAY, "t": "06:30", "v1": 8400},
    {"d": TODAY, "t": "07:59", "v1": 18601},
    {"d": TODAY, "t": "12:00", "v3": 200_000, "v4": 100_000},
    {"d": TODAY, "t": "02:00", "v1": 0, "v2": 0},
])
def test_a_status_at_the_limits_is_stored(ask, form):
    assert ask("addstatus", **form) == (200, "OK 200: Added Status")


def test_the_days_total_stands_after_sunset(ask, clock):
    clock.now = NOW + 12 * 3600
    assert ask.batch("17:00,20000,500", "23:55,20100,0")[0] == 200
    assert refused(ask.batch("23:50,20100,3"), 400, "Moon Powered")


def test_accounts_differ_in_what_they_refuse(clock):
    with PvOutput(clock, System(refuses_dark_energy=True, refuses_unchanged=True, donor=True, extended=False,
                                other_words=True)) as server:
        ask = Client(server)
        assert refused(ask("addstatus", d=TODAY, t="02:00", v1=1), 400, "Moon Powered")
        assert ask.batch("12:00,5000") == (200, f"{TODAY},12:00,1")
        assert refused(ask.batch("12:00,5000"), 400, "No statuses added or updated")
        assert refused(ask("addstatus", d=TODAY, t="12:00", v1=1, v7=3), 400, "Extended data is not enabled")
        assert refused(ask("addstatus", d="20260101", t="12:00", v1=1), 400, "Date is too far in the past")


def test_further_systems_have_their_own_days_and_share_key_and_quota(clock):
    with PvOutput(clock, more=[System(system_id="777", size_w=2000)]) as server:
        ask = Client(server)
        ask("addstatus", d=TODAY, t="12:00", v1=1)
        ask.headers["X-Pvoutput-SystemId"] = "777"
        ask("addstatus", d=TODAY, t="12:00", v1=2)
        assert [site.curve(date(2026, 5, 9))["12:00"]["v1"] for site in server.sites] == [1, 2]
        assert server.spent() == 2 and [request.system_id for request in server.requests] == ["12345", "777"]


def test_energy_never_falls_within_a_day_but_a_day_can_be_corrected_in_order(server, ask):
    ask.batch("12:00,5000", "12:05,5100", "12:10,5200")
    assert refused(ask.batch("12:10,5099"), 400, "Energy value [5099] lower than previously recorded value: [5100]")
    assert refused(ask.batch("12:10,,,5,", "12:15,,,4,"), 400, "lower than previously recorded")
    assert ask.batch("12:00,4000", "12:05,4100", "12:10,4200")[0] == 200
    assert [row["v1"] for row in server.site.curve(date(2026, 5, 9)).values()] == [4000, 4100, 4200]


def test_a_donation_gives_90_days_and_extended_values(clock):
    with PvOutput(clock, System(donor=True)) as server:
        ask = Client(server)
        assert ask("addstatus", d="20260208", t="12:00", v1=1, v7=3.5)[0] == 200
        assert refused(ask("addstatus", d="20260207", t="12:00", v1=1), 400, "older than 90 days")
    with PvOutput(clock) as server:
        assert refused(Client(server)("addstatus", d=TODAY, t="12:00", v1=1, v7=3.5), 403, "Donation Mode")


def test_age_and_future_go_by_the_systems_local_date(clock):
    clock.now = int(datetime(2026, 3, 29, 10, 30, tzinfo=UTC).timestamp())       # 12:30 in Berlin, summer time
    with PvOutput(clock, System(timezone="Europe/Berlin", latitude=52.5, longitude=13.4)) as server:
        ask = Client(server)
        assert ask("addstatus", d="20260329", t="12:30", v1=1)[0] == 200
        assert refused(ask("addstatus", d="20260329", t="12:31", v1=1), 400, "future")
        assert ask("addstatus", d="20260315", t="00:00", v3=1)[0] == 200


# --- keys and quota -----------------------------------------------------------------------------------------------


def test_keys_and_systems_are_checked(server, ask):
    key = "a" * 40
    for headers, account, status, words in [
        ({}, None, 401, "Missing, invalid or inactive api key information"),
        ({**HEADERS, "X-Pvoutput-Apikey": key}, None, 401, "Invalid API Key"),
        ({**HEADERS, "X-Pvoutput-SystemId": "1"}, None, 401, "Invalid System ID"),
        (HEADERS, Account(disabled=True), 401, "Disabled API Key"),
        (HEADERS, Account(read_only=True), 403, "Read only key"),
    ]:
        ask.headers = headers
        server.accounts[API_KEY] = account or Account()
        assert refused(ask("addstatus", d=TODAY, t="12:00", v1=1), status, words)
    assert ask("getsystem")[0] == 200            # reading is what a read-only key is for


@pytest.mark.parametrize("donor, limit", [(False, 60), (True, 300)])
def test_the_quota_is_a_window_on_the_clock_hour(clock, donor, limit):
    with PvOutput(clock, System(donor=donor)) as server:
        ask = Client(server)
        server.spend(limit - 2)
        assert [ask("getsystem")[0] for _ in range(4)] == [200, 200, 403, 403]
        assert refused(ask("getsystem"), 403, f"Exceeded {limit} requests per hour")
        assert server.spent() == limit + 3
        clock.now += 3600 - clock.now % 3600 - 1
        assert ask("getsystem")[0] == 403
        clock.now += 1
        assert ask("getsystem")[0] == 200
        server.quota = 1                         # the limit has been cut for weeks at a time
        assert refused(ask("getsystem"), 403, "Exceeded 1 requests per hour")


def test_rate_headers_come_only_when_asked_for_and_in_changing_case(ask):
    assert not [name for name in ask.full("getsystem").headers if "rate" in name.lower()]
    ask.headers["X-Rate-Limit"] = "1"
    names = set()
    for used in range(2, 8):
        headers = ask.full("getsystem").headers
        names.update(name for name in headers if "rate" in name.lower())
        assert headers["x-rate-limit-remaining"] == str(60 - used)
        assert headers["x-rate-limit-limit"] == "60"
        assert int(headers["x-rate-limit-reset"]) == (NOW // 3600 + 1) * 3600
    assert len(names) == 9


def test_writing_needs_post(server):
    answer = requests.get(server.url + "addstatus.jsp", params={"d": TODAY, "t": "12:00", "v1": 1},
                          headers=HEADERS, timeout=5)
    assert answer.status_code == 405


# --- reading ------------------------------------------------------------------------------------------------------


def test_getsystem_tells_size_place_interval_zone_and_plan(ask):
    status, text = ask("getsystem", tz=1, donations=1)
    first, *_, donations = text.split(";")
    fields = first.split(",")
    assert status == 200
    assert (fields[0], fields[1], fields[13:16]) == ("Test roof", "4800", ["37.8", "-122.3", "5"])
    assert (fields[20], donations) == ("America/Los_Angeles", "0")
    assert "Los_Angeles" not in ask("getsystem")[1]


def test_getstatus_gives_a_days_history_in_the_order_asked(ask):
    ask.batch("12:00,5000,2000,100,50", "12:05,5100,2000")
    assert ask("getstatus", d=TODAY, h=1, asc=1, limit=288)[1] == (
        f"{TODAY},12:00,5000,1.042,2000,NaN,0.417,100,50,NaN,NaN;"
        f"{TODAY},12:05,5100,1.062,2000,1200,0.417,NaN,NaN,NaN,NaN")
    assert ask("getstatus", d=TODAY, h=1, limit=1)[1].startswith(f"{TODAY},12:05,")


def test_a_single_status_has_another_order_and_no_status_is_a_400(ask):
    ask.batch("12:00,5000,2000,100,50,21.5,240")
    assert ask("getstatus", d=TODAY, t="12:00")[1] == f"{TODAY},12:00,5000,2000,100,50,0.417,21.5,240"
    assert refused(ask("getstatus", d=TODAY, t="12:05"), 400, "No status found")
    assert refused(ask("getstatus", d="20260508", h=1), 400, "No status found")


def test_daily_outputs_have_no_age_limit_and_a_later_status_recomputes_them(ask):
    assert ask("addoutput", d="20100101", g=12000, c=9000) == (200, "OK 200: Added Output")
    assert ask("getoutput", df="20100101", dt="20100101")[1].startswith("20100101,12000,2.500,0,9000,NaN,NaN,")
    assert refused(ask("addoutput", d="19991231", g=1), 400, "20000101")
    assert refused(ask("addoutput", d="20260510", g=1), 400, "future")
    assert refused(ask("addoutput", data="20100101,1;20100102,2"), 403, "Donation Mode")
    ask("addoutput", d=TODAY, g=12000)
    ask.batch("12:00,5000,2000")
    assert ask("getoutput", df=TODAY, dt=TODAY)[1].startswith(f"{TODAY},5000,1.042,0,0,2000,12:00,")


# --- faults -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault, stored", [
    (Fault.NEVER, False), (Fault.CLOSE, True), (Fault.HALF, True), (Fault.LATE, True)])
def test_a_request_without_an_answer_may_have_been_stored(server, ask, fault, stored):
    server.fail(fault, seconds=30)
    with pytest.raises(requests.RequestException):
        answer = requests.post(server.url + "addstatus.jsp", data={"d": TODAY, "t": "12:00", "v1": 1},
                               headers=HEADERS, timeout=0.5 if fault in (Fault.NEVER, Fault.LATE) else 30)
        answer.raise_for_status()
    if stored:
        wait_for(lambda: server.site.curve(date(2026, 5, 9)))
    assert bool(server.site.curve(date(2026, 5, 9))) == stored
    assert ask("addstatus", d=TODAY, t="12:00", v1=1)[0] == 200
    assert [request.fault for request in server.requests] == [fault, None]


def test_other_faults_answer_and_store_nothing(server, ask):
    row = {"d": TODAY, "t": "12:00", "v1": 1}
    server.fail(Fault.ERROR)
    assert ask("addstatus", **row)[0] == 500
    server.fail(Fault.BUSY)
    assert refused(ask("addstatus", **row), 400, "Load in progress")
    server.fail(Fault.HTML)
    assert "<html>" in ask("addstatus", **row)[1]
    server.fail(Fault.QUOTA)
    ask.headers["X-Rate-Limit"] = "1"
    answer = ask.full("addstatus", **row)
    assert answer.status_code == 403 and not [name for name in answer.headers if "rate" in name.lower()]
    server.fail(Fault.FORGET)
    assert ask("addstatus", **row)[0] == 200
    assert server.site.days == {}
    assert ask("addstatus", **row)[0] == 200 and server.site.days


def test_a_fault_hits_the_chosen_service_as_often_as_asked(server, ask):
    server.fail(Fault.ERROR, times=2, service="getstatus")
    assert ask("getsystem")[0] == 200
    assert [ask("getstatus")[0] for _ in range(3)] == [500, 500, 400]
    server.fail(Fault.ERROR, times=None)
    assert [ask("getsystem")[0] for _ in range(3)] == [500] * 3
    server.heal()
    assert ask("getsystem")[0] == 200


def test_every_request_is_recorded_and_the_key_is_nowhere_in_clear(server, ask, caplog):
    caplog.set_level(logging.DEBUG)
    ask.batch("12:00,5000", "12:05,x")
    ask("getsystem", key=API_KEY)
    first, second = server.requests
    assert (first.time, first.service, first.status, first.accepted) == (NOW, "addbatchstatus", 400, False)
    assert first.rows == [f"{TODAY},12:00,5000", f"{TODAY},12:05,x"]
    assert second.key == first.key == mask(API_KEY)
    assert API_KEY not in repr(server.requests) + caplog.text


# --- the sun ------------------------------------------------------------------------------------------------------
