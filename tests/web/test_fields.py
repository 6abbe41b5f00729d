"""The form has every key of the settings file, and takes exactly what the file would take."""
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import settings
from webui import fields
from webui.words.settings import CHOOSE, WRONG

KEYS = list(fields.FIELDS)


def test_every_key_of_the_file_has_a_field_and_no_other() -> None:
    assert {*fields.FIELDS, *fields.UNLISTED} == set(settings.keys())
    assert {key.split(".")[0] for key in KEYS} == {name for name, _ in fields.SECTIONS}


@pytest.mark.parametrize("section", ["mqtt", "lines", "notify", "web", "capture"])
def test_each_field_of_messages_network_and_other_programs_says_what_it_is_and_what_it_is_when_empty(section: str
                                                                                                    ) -> None:
    keys = [key for key in KEYS if key.startswith(f"{section}.")]
    assert len(keys) > 1
    for key in keys:
        hint = str(fields.FIELDS[key].hint)
        assert hint.endswith(".") and len(hint.split()) >= 6, key
        may_be_empty = fields.kind(key) in ("text", "secret") and not fields.read({key: ""}, [key])[1]
        assert not may_be_empty or "Empty: " in hint or "not needed where" in hint.lower(), key


def test_every_choice_of_a_select_is_allowed() -> None:
    for key, field in fields.FIELDS.items():
        for value, _ in field.choices:
            assert fields.read({key: value}, [key])[1] == {}


def test_a_form_left_as_it_is_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "suntap.toml"
    before = settings.update(path, {"pvoutput.api_key": "secret", "web.port": 8080, "capture.ports": [80, 8080]})
    form = {key: fields.as_text(before, key) for key in KEYS if fields.kind(key) != "flag" or fields.value(before, key)}
    changes, errors = fields.read(form, KEYS)
    assert not errors
    assert settings.update(path, changes) == before


@pytest.mark.parametrize(("key", "text"), [
    ("site.timezone", "Mars/Olympus"), ("site.size_w", "-1"), ("site.size_w", "many"), ("site.size_w", ""),
    ("site.net_sign", "x"), ("web.port", "0"), ("web.port", "65536"), ("capture.ports", ""), ("capture.ports", "80 x"),
    ("capture.ports", "0"), ("capture.interface", "a/b"), ("pvoutput.url", "http://example.org/"),
    ("pvoutput.system_id", "abc"), ("pvoutput.reserve", "251"), ("store.data_dir", "relative/path"),
    ("store.keep_inbox_days", "0"), ("capture.pvs_mac", "02:00"), ("pvoutput.api_key", "with blank")])
def test_what_the_file_refuses_the_form_refuses_and_says_what_to_enter(key: str, text: str) -> None:
    changes, errors = fields.read({key: text}, [key])
    assert errors == {key: WRONG.get(key, CHOOSE)}
    assert not changes


def test_whatever_is_typed_has_words_for_what_to_enter_instead() -> None:
    assert set(WRONG) == {key for key in KEYS if fields.kind(key) in ("text", "number", "secret")}


@given(st.sampled_from(KEYS), st.text(max_size=40))
def test_no_text_breaks_the_form(key: str, text: str) -> None:
    changes, errors = fields.read({key: text}, [key])
    assert set(changes) | set(errors) <= {key}


def test_an_empty_secret_keeps_the_old_one() -> None:
    assert fields.read({"pvoutput.api_key": "  "}, ["pvoutput.api_key"]) == ({}, {})


def test_an_unticked_flag_is_off() -> None:
    assert fields.read({}, ["web.public_dashboard"]) == ({"web.public_dashboard": False}, {})
