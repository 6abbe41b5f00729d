"""The test of what was typed for PVOutput: what is missing or must not be is told before anybody is asked."""
import pytest
from flask import Flask

from appliance import settings
from webui import account_check


@pytest.mark.parametrize(("text", "word"), [
    ("Unauthorized 401: Invalid System ID", "system id"), ("Read only key", "read-only"),
    ("API access disabled", "enable"), ("Invalid API Key", "copy it whole"), ("Unauthorized", "copy it whole")])
def test_each_refusal_has_its_advice(text: str, word: str) -> None:
    (sentence,) = account_check.advice(text)
    assert word in sentence


def test_a_refusal_that_nobody_knows_has_none() -> None:
    assert account_check.advice("Moon Powered") == ()


def test_without_key_or_system_nobody_is_asked(app: Flask, config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webui.data.Box.check_account", lambda *_: pytest.fail("asks"))
    with app.test_request_context():
        for changes in ({}, {"pvoutput.system_id": "7"}, {"pvoutput.api_key": settings.Secret("k")}):
            found = account_check.try_out(changes)
            assert not found.ok and "Enter both" in found.title and found.advice


def test_a_stored_key_is_not_tried_at_another_address(app: Flask, config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webui.data.Box.check_account", lambda *_: pytest.fail("asks"))
    settings.update(config, {"pvoutput.api_key": "k", "pvoutput.system_id": "7"})
    with app.test_request_context():
        found = account_check.try_out({"pvoutput.url": "https://evil.example/"})
    assert not found.ok and "enter the key again" in found.title


def test_wrong_fields_are_named_as_the_form_names_them(app: Flask) -> None:
    with app.test_request_context():
        assert account_check.wrong({"pvoutput.system_id": "Enter a number."}).title.endswith(": Enter a number.")
    with app.test_request_context(headers={"X-Fragment": "1"}):
        assert account_check.wants_fragment()
    with app.test_request_context():
        assert not account_check.wants_fragment()
