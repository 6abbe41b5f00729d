"""The lines of a request: which is a request line, which path is the collector's, which lengths frame a body."""
import pytest

from spcore.limits import Limits
from tests.spcore.requests import BODY, CHUNKED, CUTS, chunked, parse
from tests.spcore.tcp import PATH, post


@CUTS
@pytest.mark.parametrize("line", [
    b"", b"POST", b"POST /x", b"POST  HTTP/1.1", b"POST /a b HTTP/1.1", b"post /x HTTP/1.1", b"POST /x HTTP/2.0",
    b"POST /x HTTP/1.x", b"POST /x http/1.1", b" POST /x HTTP/1.1", b"A" * 17 + b" /x HTTP/1.1", b"P" * 5000,
    b"130\t20260509220000\t1", b"\xff\xfe HTTP/1.1",
])
def test_a_line_that_is_no_request_line_is_searched_past(line, how):
    found, counters = parse(post(b"1\n") + line + b"\r\n" + post(b"2\n"), how)
    assert found == [(b"1\n", True), (b"2\n", True)]
    assert counters["not_http"] == (line != b"")


@CUTS
def test_other_methods_and_paths_are_skipped_by_their_length(how):
    others = (b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
              b"PUT /Data/SMS2DataCollector.aspx HTTP/1.1\r\nContent-Length: 9\r\n\r\n130\tno\n\r\n"
              + post(b"130\tno\n", path="/other") + post(b"130\tno\n", path="/SMS2DataCollector.aspx/x")
              + post(b"130\tno\n", path="SMS2DataCollector.aspx")
              + CHUNKED.replace(b"POST", b"PATCH") + chunked(post(b"130\tno\n"), 11)
              + post(post(b"130\tno\n"), path="/nested"))
    found, counters = parse(others + post(b"1\n"), how)
    assert found == [(b"1\n", True)]
    assert (counters["requests"], counters["requests_skipped"]) == (8, 7)


@CUTS
def test_a_path_over_the_limit_is_skipped_by_its_length(how):
    long = PATH + "?" + "q" * (40 - len(PATH))
    stream = post(b"1\n", path=long) + post(b"2\n", path=long[:-1]) + post(b"9\n")
    found, counters = parse(stream, how, Limits(max_path=40))
    assert found == [(b"2\n", True), (b"9\n", True)]
    assert counters["requests_skipped"] == 1


@CUTS
def test_a_length_over_the_limit_is_taken_for_a_lie(how):
    limits = Limits(max_content_length=len(BODY))
    assert parse(post(BODY), how, limits)[0] == parse(CHUNKED + chunked(BODY), how, limits)[0] == [(BODY, True)]
    for stream in (post(BODY + b"1"), CHUNKED + chunked(BODY + b"1")):
        found, counters = parse(stream + b"\n" + post(b"9\n"), how, limits)
        assert found == [(b"9\n", True)]
        assert counters["bad_length"] == 1


BAD = {
    "conflicting lengths": post(BODY, headers="Content-Length: 5\r\nContent-Length: 6"),
    "a negative length": post(BODY, headers="Content-Length: -5"),
    "a signed length": post(BODY, headers="Content-Length: +5"),
    "a list of lengths": post(BODY, headers="Content-Length: 5, 5"),
    "a hexadecimal length": post(BODY, headers="Content-Length: 0x10"),
    "no digits": post(BODY, headers="Content-Length:"),
    "an absurd length": post(BODY, headers="Content-Length: 1073741825"),
    "a length of many digits": post(BODY, headers="Content-Length: 1000000000000000000000000000005"),
    "an unknown coding": post(BODY, headers=f"Transfer-Encoding: gzip, chunked\r\nContent-Length: {len(BODY)}"),
    "no chunk size": CHUNKED + b"\r\n" + BODY,
    "a chunk size that is no number": CHUNKED + b"xyz\r\n" + BODY,
    "a negative chunk size": CHUNKED + b"-5\r\n" + BODY,
    "an absurd chunk size": CHUNKED + b"fffffffff\r\n" + BODY,
    "a chunk size of many digits": CHUNKED + b"0000000000005\r\n" + BODY,
    "a chunk longer than announced": CHUNKED + b"4\r\n130\t1\r\n0\r\n\r\n",
}


@CUTS
@pytest.mark.parametrize("case", BAD)
def test_lengths_that_cannot_be_are_counted_and_the_next_request_is_found(case, how):
    found, counters = parse(BAD[case] + b"\r\n" + post(b"9\n"), how)
    assert found == [(b"9\n", True)]
    assert counters["bad_length"] == 1
    assert counters["resynchronised"] == 1


@CUTS
@pytest.mark.parametrize("target", [
    "/Data/SMS2DataCollector.aspx", "/Command/SMS2DataCollector.aspx", "/SMS2DataCollector.aspx",
    "/a/b/SMS2DataCollector.aspx?", "/xSMS2DataCollector.aspx?a/b",
])
def test_a_path_that_ends_in_the_collectors_page_is_an_upload(target, how):
    assert parse(post(b"1\n", path=target), how)[0] == [(b"1\n", True)]


@CUTS
@pytest.mark.parametrize("target", [
    "/sms2datacollector.aspx", "/Data/SMS2DataCollector.asp", "/Data/SMS2DataCollector.aspx/",
    "/?/SMS2DataCollector.aspx", "*", "http://x.example",
])
def test_any_other_path_is_not_an_upload(target, how):
    found, counters = parse(post(b"1\n", path=target) + post(b"9\n"), how)
    assert (found, counters["requests_skipped"]) == ([(b"9\n", True)], 1)
