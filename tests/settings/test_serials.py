"""A device has one spelling, whatever the case of letters it is written in."""
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.settings.serials import spelled

PRINTED = st.text(string.ascii_letters + string.digits + "PVScp-_.", min_size=1, max_size=20)


@pytest.mark.parametrize(("sent", "spelling"), [
    ("414050000000001", "414050000000001"), ("e0012a", "E0012A"), ("ZT160000000441c0001", "ZT160000000441C0001"),
    ("pvs5m000001C", "PVS5M000001c"), ("PVS5M000001p", "PVS5M000001p"), ("wnc-3y", "WNC-3Y"), ("Zähler", "Zähler"),
    ("", "")])
def test_a_serial_is_in_capitals_but_for_the_letter_that_tells_a_pvs_meters_role(sent: str, spelling: str) -> None:
    assert spelled(sent) == spelling


@given(PRINTED)
def test_every_case_of_letters_gives_the_same_spelling(sent: str) -> None:
    assert spelled(sent) == spelled(sent.upper()) == spelled(sent.lower()) == spelled(spelled(sent))
    assert spelled(sent).upper() == sent.upper()
