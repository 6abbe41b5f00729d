"""Who may claim the box, and who can keep the owner out."""
import ipaddress
import json

import pytest
from flask import Flask

from appliance.system import bridge
from appliance.system.clock import boot_id
from appliance.system.heartbeat import Heartbeat
from tests.attack.support import FORGER_MAC, TRUE_MAC
from tests.cli.command import suntap
from tests.web.conftest import PASSWORD, Visitor
from webui.limits import ADDRESS_BURST, CLAIM_S, DEVICE_BURST
from webui.security import claim, passwords
from webui.security.throttle import Throttle, network

LATE = 3 * CLAIM_S


@pytest.fixture
def since_power_on(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock that runs since power-on, moved by hand."""
    now = [60.0]
    monkeypatch.setattr(claim, "_since_power_on", lambda: now[0])
    return now


def test_only_in_the_first_minutes_a_password_can_be_chosen(since_power_on: list[float], fresh: Flask) -> None:
    visitor = Visitor(fresh.test_client())
    token = visitor.token("/welcome/")
    since_power_on[0] = LATE
    assert visitor.get("/welcome/").status_code == 403 and "plug" in visitor.get("/welcome/").text
    form = {"csrf_token": token, "password": PASSWORD, "again": PASSWORD}
    assert visitor.client.post("/welcome/", data=form).status_code == 403
    assert fresh.extensions["suntap-auth"].stored().password is None
    since_power_on[0] = 60
    assert visitor.send("/welcome/", password=PASSWORD, again=PASSWORD).status_code == 302


def test_a_process_that_starts_again_opens_nothing(data_dir, since_power_on: list[float]) -> None:
    since_power_on[0] = LATE
    assert claim.Claim(data_dir).is_open()                  # installed on a computer that runs for long
    Heartbeat("web", data_dir).beat()
    assert not claim.Claim(data_dir).is_open()


def test_who_has_the_machine_opens_it_again(data_dir, config, since_power_on: list[float]) -> None:
    Heartbeat("web", data_dir).beat()
    since_power_on[0] = LATE
    suntap("reset-password", "--config", str(config), "--data-dir", str(data_dir))
    said = json.loads((data_dir / claim.OPENED).read_text())
    since_power_on[0] = said["at"] + CLAIM_S + LATE
    assert not claim.Claim(data_dir).is_open()
    since_power_on[0] = max(CLAIM_S, said["at"]) + 1
    (data_dir / claim.OPENED).write_text(json.dumps({"boot_id": boot_id(), "at": since_power_on[0] - 1}))
    assert claim.Claim(data_dir).is_open()
    (data_dir / claim.OPENED).write_text(json.dumps({"boot_id": "another", "at": since_power_on[0] - 1}))
    assert not claim.Claim(data_dir).is_open()


@pytest.mark.parametrize("text", ["", "[]", "7", '{"boot_id": 1}', "[" * 5000])
def test_a_claim_file_that_is_none_opens_nothing(data_dir, since_power_on: list[float], text: str) -> None:
    Heartbeat("web", data_dir).beat()
    since_power_on[0] = LATE
    (data_dir / claim.OPENED).write_text(text)
    assert not claim.Claim(data_dir).is_open()


def test_a_device_of_the_house_does_not_lock_out_its_neighbour_in_the_same_network() -> None:
    link = ipaddress.IPv6Network("2001:db8:1:2::/64")
    assert network("2001:db8:1:2::1", [link]) != network("2001:db8:1:2::2", [link])
    assert network("2001:db8:1:3::1", [link]) == network("2001:db8:1:3::2", [link])
    throttle = Throttle()
    throttle._links, throttle._looked = frozenset({link}), float("inf")
    for _ in range(100):
        throttle.take("2001:db8:1:2::66", 1000.0)
    assert throttle.take("2001:db8:1:2::1", 1000.0) == 0


@pytest.mark.parametrize("address", ["2001:db8:1:2::{:x}", "192.0.2.{}", "fe80::{:x}"])
def test_one_device_with_many_addresses_does_not_empty_the_bucket_of_all(address: str) -> None:
    throttle = Throttle(lambda _: FORGER_MAC)
    throttle._links, throttle._looked = frozenset({ipaddress.IPv6Network("2001:db8:1:2::/64")}), float("inf")
    tried = sum(throttle.take(address.format(number), 1000.0) == 0 for number in range(250))
    assert tried <= DEVICE_BURST
    throttle._device_of = lambda _: TRUE_MAC
    assert throttle.take("2001:db8:1:2::ffff", 1000.0) == 0 == throttle.take("192.0.2.251", 1000.0)


def test_a_try_that_was_not_looked_at_for_the_crowd_costs_nothing(app: Flask, owner: Visitor,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    owner.send("/settings", "/logout")

    def busy(password: str, salt: str) -> str:
        raise passwords.Busy

    with monkeypatch.context() as crowd:
        crowd.setattr(passwords, "_scrypt", busy)
        assert {owner.send("/login", password=PASSWORD).status_code for _ in range(3 * ADDRESS_BURST)} == {429}
    assert owner.send("/login", password=PASSWORD).status_code == 302


def test_a_browser_that_logged_in_before_gets_in_whatever_others_try(app: Flask, owner: Visitor) -> None:
    owner.send("/settings", "/logout")
    stranger = Visitor(app.test_client())
    for number in range(60):
        app.extensions["suntap-throttle"].take(f"198.51.100.{number}", 1e9)
    for _ in range(2 * ADDRESS_BURST):
        last = stranger.send("/login", password="wrong wrong")
    assert last.status_code == 429
    assert owner.send("/login", password=PASSWORD).status_code == 302


def test_a_made_up_cookie_is_no_earlier_login(app: Flask) -> None:
    stranger = Visitor(app.test_client())
    answers = []
    for number in range(2 * ADDRESS_BURST):
        token = stranger.token("/login")
        answers.append(app.test_client().post("/login", data={"csrf_token": token, "password": "wrong wrong"}, headers={
            "Cookie": f"suntap_browser=InguessIg.made-up-{number}"}).status_code)
    assert 400 in answers or 429 in answers


def test_the_kernels_own_networks_are_read(tmp_path) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/if_inet6").write_text("20010db8000100020000000000000007 04 40 00 82 br0\nnonsense\n")
    assert bridge.own_networks(tmp_path) == {ipaddress.IPv6Network("2001:db8:1:2::/64")}
