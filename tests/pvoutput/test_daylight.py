"""The sun's height against an almanac's events: solstices, equinoxes, noon and midnight."""
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pvoutput.daylight import elevation

YEARS = st.integers(946_684_800, 2_840_140_800)      # 2000 to 2060


def at(*moment: int) -> float:
    return datetime(*moment, tzinfo=UTC).timestamp()  # type: ignore[misc]


@pytest.mark.parametrize(("moment", "latitude", "expected"), [
    (at(2026, 6, 21, 12, 2), 51.48, 90 - 51.48 + 23.44), (at(2026, 12, 21, 11, 58), 51.48, 90 - 51.48 - 23.44),
    (at(2026, 3, 20, 12, 7), 0.0, 90.0), (at(2026, 6, 21, 12, 2), -33.9, 90 - 33.9 - 23.44)])
def test_at_noon_in_greenwich_the_height_is_the_almanacs(moment: float, latitude: float, expected: float) -> None:
    assert elevation(moment, latitude, 0.0) == pytest.approx(expected, abs=0.3)


@given(YEARS, st.floats(-89, 89), st.floats(-180, 180))
def test_where_it_is_day_it_is_night_on_the_other_side_of_the_earth(time: int, latitude: float,
                                                                    longitude: float) -> None:
    assert elevation(time, latitude, longitude) == pytest.approx(-elevation(time, -latitude, longitude + 180), abs=1e-6)


@given(YEARS, st.floats(-66, 66), st.floats(-180, 180))
def test_the_sun_goes_round_once_a_day(time: int, latitude: float, longitude: float) -> None:
    assert abs(elevation(time, latitude, longitude) - elevation(time + 86400, latitude, longitude)) < 0.6


def test_beyond_the_polar_circle_summer_has_no_night() -> None:
    assert all(elevation(at(2026, 6, 21, hour), 70.0, 25.0) > 0 for hour in range(24))
    assert all(elevation(at(2026, 12, 21, hour), 70.0, 25.0) < 0 for hour in range(24))
