"""Just enough of DNS: what is asked, who asks for the collector, and addresses out of any answer."""
from contextlib import suppress
from struct import unpack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.collector import NAME
from appliance.collector.dns import MAX_RECORDS, addresses, asks_for_collector, encode, query
from tests.collector.support import answer_of_names

MAKER = "203.0.113.5"


@given(st.binary(max_size=100))
def test_no_dns_message_is_another_error_than_value_error(data):
    message = answer_of_names(NAME, MAKER)
    for one in (data, message[:12] + data, message[:len(data)] + data):
        with suppress(ValueError):
            addresses(one)
        asks_for_collector(one)


def test_a_dns_answer_may_name_an_alias_first():
    alias = b"\xc0\x0c" + b"\0\5\0\1" + b"\0\0\0\x3c" + b"\0\2" + b"\xc0\x0c"
    address = b"\xc0\x0c" + b"\0\1\0\1" + b"\0\0\0\x1e" + b"\0\4" + bytes([203, 0, 113, 9])
    assert addresses(b"\0\7\x81\x80\0\1\0\2\0\0\0\0" + query(NAME, 7)[12:] + alias + address) == [("203.0.113.9", 30)]
    assert encode("a.bc") == b"\1a\2bc\0"


def test_a_question_is_one_question_for_a_record_of_type_a():
    message = query("a.bc", 0x1234)
    assert unpack("!6H", message[:12]) == (0x1234, 0x0100, 1, 0, 0, 0)
    assert message[12:] == b"\1a\2bc\0" + b"\0\1\0\1"


@settings(max_examples=20)
@given(st.lists(st.booleans(), min_size=len(NAME), max_size=len(NAME)))
def test_the_collectors_name_is_known_in_whatever_case(upper):
    name = "".join(letter.upper() if up else letter for letter, up in zip(NAME, upper, strict=True))
    assert asks_for_collector(query(name, 1))


@pytest.mark.parametrize("name", ["", "com", f"x{NAME}", f"x.{NAME}", NAME[1:], NAME + ".lan"])
def test_no_other_name_is_taken_for_it(name):
    assert not asks_for_collector(query(name, 1))


def test_an_answer_gives_its_addresses_with_their_time_to_live_and_no_more_than_the_bound():
    assert addresses(answer_of_names(NAME, MAKER, "203.0.113.6")) == [(MAKER, 60), ("203.0.113.6", 60)]
    assert len(addresses(answer_of_names(NAME, *[MAKER] * 100))) == MAX_RECORDS
    assert addresses(query(NAME, 1)) == []


def test_an_answer_that_is_cut_off_is_no_dns():
    whole = answer_of_names(NAME, MAKER)
    for length in range(len(whole) - 4):
        with pytest.raises(ValueError, match="not a DNS answer"):
            addresses(whole[:length])
    assert addresses(whole[:-1]) == []      # an address of which a part is missing is none
