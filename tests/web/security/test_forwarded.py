"""A reverse proxy is believed where web.proxies names it, and nobody else is."""
from pathlib import Path

import pytest

from appliance import settings
from tests.web.conftest import PASSWORD, Visitor
from webui.security.forwarded import is_named

SAID = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "roof.example.org"}


def test_without_a_named_proxy_its_headers_change_nothing(guest: Visitor, config: Path) -> None:
    settings.update(config, {"web.names": ["roof.example.org"]})
    answer = guest.get("/login", headers=SAID)
    assert answer.status_code == 200 and "https://" not in answer.text


def test_behind_a_named_proxy_the_name_must_still_be_one_of_ours(guest: Visitor, config: Path) -> None:
    settings.update(config, {"web.proxies": ["127.0.0.1"]})
    assert guest.get("/login", headers=SAID).status_code == 421
    settings.update(config, {"web.names": ["roof.example.org"]})
    assert guest.get("/login", headers=SAID).status_code == 200
    several = {**SAID, "X-Forwarded-Host": "evil.example, roof.example.org"}
    assert guest.get("/login", headers=several).status_code == 200     # neither is believed


def test_forms_work_behind_https(app, config: Path) -> None:
    settings.update(config, {"web.proxies": ["127.0.0.1"], "web.names": ["roof.example.org"]})
    visitor = Visitor(app.test_client())
    for name, said in SAID.items():
        visitor.client.environ_base[f"HTTP_{name.upper().replace('-', '_')}"] = said
    answer = visitor.send("/login", password=PASSWORD)
    assert answer.status_code == 302 and visitor.get("/settings").status_code == 200


@pytest.mark.parametrize(("address", "proxies", "named"), [
    ("127.0.0.1", ["127.0.0.1/32"], True), ("127.0.0.2", ["127.0.0.1/32"], False),
    ("192.0.2.9", ["192.0.2.0/24"], True), ("::ffff:192.0.2.9", ["192.0.2.0/24"], True),
    ("2001:db8::1", ["192.0.2.0/24", "2001:db8::/64"], True), ("fe80::1%eth0", ["fe80::/10"], True),
    ("", ["0.0.0.0/0"], False), ("192.0.2.9", [], False)])
def test_an_address_is_named_by_itself_or_its_network(address: str, proxies: list[str], named: bool) -> None:
    assert is_named(address, proxies) is named
