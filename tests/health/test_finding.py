"""A finding as others see it: a lamp in JSON, and in order only where there is nothing to do."""
import pytest

from appliance.health.finding import BAD, OK, UNKNOWN, WARN, Finding
from webui.words.lamp_names import STATES


@pytest.mark.parametrize(("state", "ok"), [(OK, True), (WARN, False), (BAD, False), (UNKNOWN, False)])
def test_only_what_is_in_order_needs_nothing(state: str, ok: bool) -> None:
    assert Finding("disk", state, "It is full.").ok is ok


def test_a_lamp_in_json_has_its_advice_as_what_to_check() -> None:
    assert Finding("disk", BAD, "It is full.", "Use a larger card.", 7, "S").lamp_json() == {
        "name": "disk", "state": "bad", "text": "It is full.", "check": "Use a larger card."}


def test_every_state_has_words_for_the_owner() -> None:
    assert set(STATES) == {OK, WARN, BAD, UNKNOWN}
