"""A stored secret goes to its own host alone, whichever section it is of."""
from dataclasses import fields, is_dataclass

import pytest

from appliance.settings import Lines, Mqtt, Notify, PVOutput, Secret, Settings
from webui.security.key_host import SECRETS, moved

STORED = Settings(pvoutput=PVOutput(url="https://mine.example/r2/", api_key=Secret("k")),
                  mqtt=Mqtt("mqtt://mine.example", password=Secret("p")),
                  lines=Lines("http://mine.example:8086/write", Secret("t")),
                  notify=Notify("https://mine.example/hook", Secret("t")))
OTHER = {"pvoutput": "https://evil.example/", "mqtt": "mqtt://evil.example", "lines": "http://evil.example:8086/",
         "notify": "https://evil.example/hook"}


@pytest.mark.parametrize("section", SECRETS)
def test_another_host_is_told_and_needs_the_secret_again(section: str) -> None:
    said = moved(STORED, {f"{section}.url": OTHER[section]})
    assert "mine.example" in said and "enter the key again" in said
    (name,) = SECRETS[section]
    assert moved(STORED, {f"{section}.url": OTHER[section], f"{section}.{name}": Secret("new")}) == ""
    assert moved(Settings(), {f"{section}.url": OTHER[section]}) == ""


@pytest.mark.parametrize(("url", "is_moved"), [
    ("https://mine.example/other/path", False), ("https://MINE.example/hook", False), ("", False),
    ("https://mine.example:444/", True), ("http://mine.example/hook", True),
    ("https://mine.example.evil.example/", True), ("https://[::1", True)])
def test_a_host_is_its_name_and_its_port(url: str, is_moved: bool) -> None:
    assert bool(moved(STORED, {"notify.url": url})) is is_moved


def test_every_secret_of_the_settings_is_kept_by_it() -> None:
    found = {(item.name, inner.name) for item in fields(Settings) if is_dataclass(item.default)
             for inner in fields(item.default) if isinstance(inner.default, Secret)}
    assert found == {(section, name) for section, names in SECRETS.items() for name in names}
