"""Read-only tokens: made once, shown once, kept as a hash; they open what may be read and nothing that writes."""
import base64
import re
from pathlib import Path

import pytest
from flask import Flask

from appliance import settings
from tests.web.conftest import Visitor
from tests.web.security.test_access import routes
from webui.security.access import Level


def make(owner: Visitor, name: str = "home assistant") -> str:
    answer = owner.send("/settings", "/settings/tokens/make", name=name)
    found = re.search(r"suntap_[\w-]{43}", answer.text)
    assert answer.status_code == 200 and found
    return found[0]


@pytest.fixture
def private(config: Path) -> None:
    settings.update(config, {"web.public_dashboard": False})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_opens_a_private_dashboards_numbers_for_a_program(
        owner: Visitor, guest: Visitor, config: Path, private: None, roof: Path) -> None:
    token = make(owner)
    for path in ("/api/v1/now", "/api/v1/status", "/api/v1/days", "/metrics",
                 "/export/days.csv?first=2026-05-09&last=2026-05-09"):
        assert guest.get(path, headers=bearer(token)).status_code == 200, path
        basic = base64.b64encode(f"anybody:{token}".encode()).decode()
        assert guest.get(path, headers={"Authorization": f"Basic {basic}"}).status_code == 200, path
        assert guest.get(path, headers={"Accept": "application/json"}).status_code == 401, path
    assert token not in config.read_text() and token not in owner.get("/settings").text


def test_a_token_opens_nothing_that_writes_and_no_page_of_the_owners(
        app: Flask, owner: Visitor, guest: Visitor, roof: Path) -> None:
    token = make(owner)
    for method, path, level in routes(app):
        if level is Level.OWNER or (method == "POST" and level is not Level.PUBLIC):
            answer = guest.client.open(path, method=method, headers=bearer(token))
            assert answer.status_code in (302, 400, 401), (method, path)
            assert answer.status_code != 302 or "/login" in answer.location, (method, path)


def test_a_withdrawn_token_opens_nothing_from_then_on(owner: Visitor, guest: Visitor, private: None,
                                                      roof: Path) -> None:
    first, second = make(owner, "one"), make(owner, "two")
    owner.send("/settings", "/settings/tokens/withdraw", name="one")
    assert guest.get("/api/v1/now", headers=bearer(first)).status_code == 401
    assert guest.get("/api/v1/now", headers=bearer(second)).status_code == 200


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer wrong", "Basic", "Basic !!!", "Basic " + "A" * 40, "x",
                                    "Bearer ü", "Digest a=b"])
def test_what_is_no_token_is_turned_away(owner: Visitor, guest: Visitor, private: None, header: str) -> None:
    make(owner)
    assert guest.get("/api/v1/now", headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize("name", ["", "a:b", "x" * 41, "<b>"])
def test_a_name_that_cannot_be_is_refused_and_one_that_is_taken_too(owner: Visitor, config: Path, name: str) -> None:
    make(owner, "taken")
    for refused in (name, "taken"):
        assert owner.send("/settings", "/settings/tokens/make", name=refused).status_code == 302
    assert len(settings.load(config).web.tokens) == 1
