"""Numbers and times of the wire, held against the decimal and datetime modules."""
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.records.values import LARGEST, MAX_TEXT, parse_decimal, parse_timestamp

PLAIN = st.from_regex(r"[+-]?([0-9]{1,9}(\.[0-9]{0,6})?|\.[0-9]{1,6})", fullmatch=True)


@given(PLAIN, st.integers(0, 4))
def test_a_plain_number_is_the_decimal_rounded_half_to_even(text: str, places: int) -> None:
    assert parse_decimal(text, places) == int(Decimal(text).scaleb(places).to_integral_value(ROUND_HALF_EVEN))


@given(PLAIN, st.integers(0, 4), st.sampled_from(["", " ", "\u00a0 "]), st.integers(0, 20))
def test_blanks_commas_and_leading_zeros_change_no_value(text: str, places: int, blanks: str, zeros: int) -> None:
    sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
    odd = f"{blanks}{sign}{'0' * zeros}{digits.replace('.', ',')}{blanks}"
    assert parse_decimal(odd, places) == parse_decimal(text, places)


@given(st.text(max_size=40), st.integers(0, 4))
def test_any_text_is_a_number_that_a_database_holds_or_none(text: str, places: int) -> None:
    number = parse_decimal(text, places)
    assert number is None or (type(number) is int and abs(number) <= LARGEST)


@pytest.mark.parametrize("text", ["\u00b2.1234", "\u0661.1234", "1.123\u0664", "\u0661234", "\uff11.5"])
def test_digits_of_other_scripts_are_no_number(text: str) -> None:
    assert parse_decimal(text, 4) is None and parse_decimal(text, 0) is None


def test_a_number_of_more_digits_than_any_counter_has_is_none() -> None:
    assert parse_decimal("9" * MAX_TEXT, 0) == int("9" * MAX_TEXT) and parse_decimal("9" * (MAX_TEXT + 1), 0) is None


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)))
def test_a_time_is_its_second_in_utc(moment: datetime) -> None:
    whole = moment.replace(microsecond=0, tzinfo=UTC)
    assert parse_timestamp(f"{whole:%Y%m%d%H%M%S}".zfill(14)) == whole.timestamp()


@given(st.text("0123456789", min_size=14, max_size=14))
def test_fourteen_digits_are_a_time_or_none_and_never_an_error(text: str) -> None:
    try:
        moment = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        assert parse_timestamp(text) is None
    else:
        assert parse_timestamp(text) == (moment.timestamp() if moment.year >= 1970 else None)
