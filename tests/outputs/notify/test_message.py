"""The words of a message: one matter by itself, several as a digest, and a bound."""
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.outputs.notify import matters
from appliance.outputs.notify.matters import Matter
from appliance.outputs.notify.message import MAX_MATTERS, WHERE, Message, compose, trial

DISK = Matter("The disk is full.", "Use a larger card.", True, False, 0, 0)
SIGN = Matter("An inverter was replaced.", "", False, True, 0, 0)


def test_many_matters_are_one_digest_of_bounded_length() -> None:
    many = [matters.Matter(f"Matter {number}.", "Look.", number == 3, False, 0, 0) for number in range(50)]
    message = compose("Haus ü", many, many[:1])
    assert message.title == "suntap Haus ?: 50 need a look, 1 over" and message.urgent
    assert message.text.count("Matter") == MAX_MATTERS and "and 31 more" in message.text


def test_one_matter_is_a_message_of_its_own() -> None:
    message = compose("roof", [DISK], [])
    assert message == Message("suntap roof: needs a look",
                              f"The disk is full.\nUse a larger card.\n{WHERE}", True, False)
    assert compose("roof", [SIGN], []) == Message("suntap roof: needs a look", f"An inverter was replaced.\n{WHERE}")


def test_what_is_over_says_so_and_is_never_urgent() -> None:
    assert compose("roof", [], [DISK]) == Message("suntap roof: over", "This is over: The disk is full.", False, True)
    several = compose("roof", [], [DISK, SIGN])
    assert several.title == "suntap roof: 2 over" and several.over and not several.urgent


@settings(max_examples=50)
@given(st.sampled_from(["roof", "Haus ü", "☀", ""]), st.integers(0, 30), st.integers(0, 30))
def test_a_title_is_one_line_of_ascii_and_the_text_is_bounded(site: str, begun: int, over: int) -> None:
    if begun + over == 0:
        return
    message = compose(site, [DISK] * begun, [SIGN] * over)
    assert message.title.isascii() and message.text.count("\n\n") <= MAX_MATTERS
    shown = message.text.count("The disk is full.") + message.text.count("An inverter was replaced.")
    assert shown == min(begun + over, MAX_MATTERS)


def test_the_test_button_says_that_it_is_a_test() -> None:
    assert "test" in trial("roof ü").title and trial("roof ü").title.isascii() and not trial("x").urgent
