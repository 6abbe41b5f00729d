"""Every key declared once, with its default, its check and its words; a secret that shows itself to nobody."""
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from appliance import settings
from appliance.settings import Secret, Settings
from appliance.settings.declaration import declarations, sections

KEY = "00000000000000000000000000000000feedbeef"


def test_without_a_file_the_defaults_of_the_design_hold(tmp_path):
    assert settings.load(tmp_path / "none.toml") == Settings()
    assert asdict(Settings().site) == {
        "timezone": "America/Los_Angeles", "net_sign": "auto", "production": "auto", "meter": "auto",
        "size_w": 0, "name": "home", "buy": "", "sell": "", "panel": ()}
    assert Settings().capture.ports == (80,)
    assert Settings().store.data_dir == Path("/var/lib/suntap")
    assert Settings().pvoutput.url == "https://pvoutput.org/service/r2/"


def test_the_key_is_masked_wherever_it_is_not_asked_for():
    secret = Secret(KEY)
    shown = settings.parse(f'[pvoutput]\napi_key = "{KEY}"\n'.encode(), "x")
    for text in (str(secret), repr(secret), f"{secret}", f"{secret!r}", repr(shown), str(asdict(shown))):
        assert KEY not in text
    assert shown.pvoutput.api_key.reveal() == KEY
    assert not Secret() and secret == Secret(KEY) and secret != Secret("other")


@pytest.mark.parametrize("key", settings.keys())
def test_a_default_is_allowed_and_its_words_complete_must_be(key):
    default, allowed = settings.keys()[key]
    section, name = key.split(".")
    check = declarations(section)[name].metadata["check"]
    written = [] if default == () else str(default) if isinstance(default, Path) else default
    assert check(list(written) if isinstance(written, tuple) else written) == default
    assert allowed and allowed == allowed.strip() and "\n" not in allowed and not allowed.endswith(".")


def test_sections_and_keys_have_one_meaning_each():
    assert list(sections()) == [item.name for item in fields(Settings) if item.name != "unknown"]
    assert settings.value(Settings(), "web.port") == 80
    with pytest.raises(KeyError):
        declarations("sight")


def test_secrets_that_are_set_are_those_to_redact():
    found = settings.parse(f'[pvoutput]\napi_key = "{KEY}"\n[mqtt]\npassword = "pass word"\n'.encode(), "x")
    assert sorted(settings.secrets(found)) == [KEY, "pass word"] and settings.secrets(Settings()) == []


def test_another_data_directory_changes_nothing_else(tmp_path):
    moved = Settings().with_data_dir(tmp_path)
    assert moved.store.data_dir == tmp_path and moved.with_data_dir(Settings().store.data_dir) == Settings()
    assert Settings().with_data_dir(None) is not None and Settings().with_data_dir("x").store.data_dir.is_absolute()
