"""What people type is taken as they mean it, and nothing else is guessed."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webui import lenient


@pytest.mark.parametrize(("text", "zone"), [
    ("Los Angeles", "America/Los_Angeles"), ("los_angeles", "America/Los_Angeles"),
    ("america/los angeles", "America/Los_Angeles"), (" Berlin ", "Europe/Berlin"), ("Europe/Berlin", "Europe/Berlin"),
    ("New York", "America/New_York"), ("Pacific", "Pacific"), ("nowhere", "nowhere"), ("", "")])
def test_a_town_is_its_zone(text: str, zone: str) -> None:
    assert lenient.zone(text) == zone


@pytest.mark.parametrize(("text", "watts"), [
    ("3840", "3840"), ("3.8 kW", "3800"), ("3,8 kW", "3800"), ("3.84kw", "3840"), ("3,840", "3840"),
    ("3 840 W", "3840"),
        ("12,345.6 kW", "12345600"), ("4 kWp", "4000"), ("0", "0"), ("3.8", "3.8"), ("about 4", "about 4"), ("", ""),
    ("-4 kW", "-4 kW"), ("3.8405 kW", "3.8405 kW")])
def test_a_size_may_have_a_unit(text: str, watts: str) -> None:
    assert lenient.watts(text) == watts


@given(st.integers(0, 10**6))
def test_watts_as_anybody_writes_them_come_back(number: int) -> None:
    kilowatts, rest = divmod(number, 1000)
    for text in (f"{number}", f"{number:,}", f"{number:,} W", f"{kilowatts}.{rest:03d} kW"):
        assert lenient.watts(text) == str(number)


@given(st.text(max_size=40))
def test_no_text_is_too_odd(text: str) -> None:
    lenient.zone(text), lenient.watts(text)
