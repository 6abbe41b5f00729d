"""The sun over a simulated roof: where almanacs have it, to half a degree."""
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.simulate import sun


def test_the_sun_stands_where_almanacs_say():
    noon = datetime(2026, 6, 21, 13, 10, tzinfo=ZoneInfo("America/Los_Angeles")).timestamp()
    assert sun.elevation(noon, 37.8, -122.3) == pytest.approx(90 - 37.8 + 23.44, abs=0.3)
    winter = datetime(2026, 12, 21, 12, 3, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    assert sun.elevation(winter, 52.5, 13.4) == pytest.approx(90 - 52.5 - 23.44, abs=0.3)
    equinox = datetime(2026, 3, 20, 6, 7, tzinfo=UTC).timestamp()
    assert abs(sun.elevation(equinox, 0.0, 0.0)) < 0.6
    assert sun.elevation(noon + 43200, 37.8, -122.3) < -20


@settings(max_examples=50)
@given(st.integers(1_577_836_800, 1_893_456_000), st.floats(-89, 89), st.floats(-180, 180))
def test_the_sun_of_the_other_side_of_the_earth_is_under_the_horizon(time, latitude, longitude):
    here = sun.elevation(time, latitude, longitude)
    there = sun.elevation(time, -latitude, longitude + 180)
    assert here == pytest.approx(-there, abs=1e-6) and -90 <= here <= 90
