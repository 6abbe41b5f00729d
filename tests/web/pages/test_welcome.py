"""The first visit: what the owner typed is kept, and a slip of the finger locks nobody out."""
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings
from tests.web.conftest import PASSWORD, Visitor

GUESS = "data-guess-zone"


@pytest.fixture
def default_site(config: Path) -> Path:
    """A settings file in which the site was never touched."""
    config.write_text('[capture]\ninterface = "lo"\n')
    return config


def test_the_browsers_zone_is_only_a_first_guess(default_site: Path, owner: Visitor) -> None:
    assert GUESS in owner.get("/welcome/site").text
    refused = owner.send("/welcome/site", **{"site.timezone": "Middle of nowhere", "site.size_w": "0"})
    assert refused.status_code == 422 and GUESS not in refused.text and 'value="Middle of nowhere"' in refused.text
    assert "Choose your zone from the list" in refused.text and "IANA" not in refused.text


def test_a_city_and_kilowatts_are_taken_as_they_are_meant(default_site: Path, owner: Visitor) -> None:
    done = owner.send("/welcome/site", **{"site.timezone": "Los Angeles", "site.size_w": "3.8 kW"})
    assert done.status_code == 302
    assert settings.load(default_site).site == settings.Site(timezone="America/Los_Angeles", size_w=3800)


def test_the_first_password_is_typed_twice(fresh: Flask, data_dir: Path) -> None:
    visitor = Visitor(fresh.test_client())
    for again in ("", PASSWORD + "x"):
        answer = visitor.send("/welcome/", password=PASSWORD, again=again)
        assert answer.status_code == 422 and "not the same" in answer.text
        assert not (data_dir / "web-auth.json").exists()
    assert visitor.send("/welcome/", password=PASSWORD, again=PASSWORD).location == "/welcome/listen"


@pytest.mark.parametrize("chosen", ["auto", "off"])
def test_the_owner_is_asked_whether_this_box_shall_answer_in_sunpowers_place(config: Path, owner: Visitor,
                                                                             chosen: str) -> None:
    assert "Shall this box answer in its place then?" in owner.get("/welcome/server").text
    done = owner.send("/welcome/server", stand_in=chosen)
    assert done.status_code == 302 and done.location == "/welcome/pvoutput"
    assert settings.load(config).collector.stand_in == chosen


def test_another_answer_to_that_changes_nothing(config: Path, owner: Visitor) -> None:
    refused = owner.send("/welcome/server", stand_in="perhaps")
    assert refused.status_code == 422 and "Press one of the two buttons" in refused.text
    assert "stand_in:" not in refused.text and "collector." not in refused.text
    assert settings.load(config).collector.stand_in == "off"


def test_the_key_and_the_number_are_asked_for_with_what_they_are_and_where_to_get_them(owner: Visitor) -> None:
    text = owner.get("/welcome/pvoutput").text
    assert "password with which suntap may post for you" in text and "at pvoutput.org" in text
    assert "API Settings" in text and "Registered Systems" in text
