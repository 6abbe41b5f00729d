"""The Test buttons: what is typed is tried with the stored secret; nothing is saved, nothing secret comes back."""
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance import settings
from tests.outputs.hook import serving
from tests.web.conftest import Visitor


@pytest.fixture
def hook() -> Iterator[Any]:
    with serving() as server:
        yield server


def test_a_test_tries_what_is_typed_with_the_stored_secret_and_saves_nothing(owner: Visitor, config: Path,
                                                                             hook: Any) -> None:
    settings.update(config, {"notify.token": "of-the-owner"})
    before = config.read_bytes()
    url = f"http://127.0.0.1:{hook.server_port}/hook"
    answer = owner.send("/settings", "/outputs/notify/test", **{"notify.url": url})
    assert answer.status_code == 200 and "test message was taken" in answer.text and "Nothing was saved" in answer.text
    assert hook.got[0][1]["Authorization"] == "Bearer of-the-owner" and "test" in json.loads(hook.got[0][2])["title"]
    assert config.read_bytes() == before and "of-the-owner" not in answer.text


def test_a_failure_is_said_with_what_to_do(owner: Visitor, hook: Any) -> None:
    hook.behaviour = (401, {}, b"no")
    answer = owner.send("/settings", "/outputs/notify/test", **{"notify.url": f"http://127.0.0.1:{hook.server_port}/"})
    assert "check the token" in answer.text
    hook.behaviour = (403, {}, b"no")
    answer = owner.send("/settings", "/outputs/lines/test", **{"lines.url": f"http://127.0.0.1:{hook.server_port}/"})
    assert "enter it again" in answer.text


def test_what_cannot_be_is_said_by_the_field(owner: Visitor) -> None:
    answer = owner.send("/settings", "/outputs/mqtt/test", **{"mqtt.url": "http://x"})
    assert answer.status_code == 422 and "mqtt://homeassistant.local:1883" in answer.text
    assert "Enter an address first." in owner.send("/settings", "/outputs/lines/test", **{"lines.url": ""}).text
    assert owner.send("/settings", "/outputs/nothing/test").status_code == 404
