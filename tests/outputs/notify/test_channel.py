"""Messages through an HTTP server that fails in every way; each is delivered once."""
import json
from typing import Any

import pytest

from appliance.outputs.contract import Fact, OutputError
from appliance.outputs.notify import GAP_S
from tests.outputs.hook import url_of
from tests.outputs.notify.box import FULL, SECRET, Box
from tests.outputs.support import House


def test_json_says_everything_and_a_restart_neither_forgets_nor_repeats(house: House, hook: Any) -> None:
    box = Box(house, url_of(hook, "/hook"), SECRET)
    box.look()
    box.look(FULL)
    box.start()
    box.look(FULL, after_s=GAP_S)
    box.look(after_s=GAP_S)
    box.start()
    box.look(after_s=3600)
    box.look(after_s=3600)
    first, second = (json.loads(body) for _, _, body in hook.got)
    assert first["title"] == "suntap roof: needs a look" and first["urgent"] and "The disk is full." in first["text"]
    assert second["over"] and not second["urgent"]
    assert hook.got[0][1]["Authorization"] == f"Bearer {SECRET}"


def test_ntfys_form_is_text_with_a_title(house: House, hook: Any) -> None:
    box = Box(house, url_of(hook, "/topic?form=ntfy"))
    box.look(FULL)
    path, headers, body = hook.got[0]
    assert (path, headers["Title"], headers["Priority"]) == ("/topic", "suntap roof: needs a look", "high")
    assert body.decode() == "The disk is full.\nUse a larger card.\nsuntap's page has more: see Diagnostics there."


@pytest.mark.parametrize(("behaviour", "words"), [
    ((500, {}, b"oh\n\x00no"), "500 oh"), ((401, {}, b""), "check the token"), ((404, {}, b"x" * 99_999), "address"),
    ((429, {"Retry-After": "120"}, b""), "too many"), ((302, {"Location": "http://203.0.113.9/"}, b""), "302"),
    ((None, {}, b""), "connection")])
def test_a_webhook_that_fails_is_told_and_the_message_follows_once(house: House, hook: Any, behaviour, words) -> None:
    box = Box(house, url_of(hook, "/hook"), SECRET)
    hook.behaviour = behaviour
    for _ in range(3):
        with pytest.raises(OutputError, match=words) as caught:
            box.look(FULL)
        assert SECRET not in str(caught.value) and len(str(caught.value)) < 400 and str(caught.value).isprintable()
    assert caught.value.wait_s == (120 if behaviour[0] == 429 else 0)
    hook.behaviour = (200, {}, b"")
    hook.got.clear()
    box.look(FULL)
    box.look(FULL)
    assert len(hook.got) == 1


def test_a_secret_that_the_other_side_repeats_is_masked(house: House, hook: Any) -> None:
    hook.behaviour = (403, {}, f"bad token {SECRET}".encode())
    with pytest.raises(OutputError, match=r"\*\*\*\*") as caught:
        Box(house, url_of(hook, "/hook"), SECRET).look(FULL)
    assert SECRET not in str(caught.value)


def test_matters_that_follow_each_other_quickly_become_one_digest(house: House, hook: Any) -> None:
    box = Box(house, url_of(hook, "/hook"))
    lamps = [Fact(f"lamp{number}", "bad", f"Matter {number}.") for number in range(6)]
    box.look(FULL)
    for number in range(1, 7):
        box.look(FULL, *lamps[:number], after_s=120)
    box.look(FULL, *lamps, after_s=GAP_S)
    box.look(FULL, *lamps, after_s=GAP_S)
    assert len(hook.got) <= 3
    told = "".join(json.loads(body)["text"] for _, _, body in hook.got)
    assert all(told.count(f"Matter {number}.") == 1 for number in range(6))
