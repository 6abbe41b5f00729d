"""Who reports: the owner sees it, decides by a button, and nobody else does."""
import time
from contextlib import closing

import pytest
from flask import Flask

from appliance import settings, store
from appliance.ledger import ingest
from appliance.store import inbox
from appliance.store.trust import CAPTURE, ROUTER, Arrival
from appliance.supervisor import commands
from appliance.system.clock import Clock
from tests.attack.support import FORGER_MAC, TRUE_MAC, day_of, heard
from tests.ledger.support import HOUR, LA, NOON, PVS
from tests.web.conftest import Visitor

OTHER = "ZT170000000441C0002"


def carry_out(data_dir, config) -> None:
    """What the supervisor process does next."""
    with closing(store.connect(data_dir)) as derived, closing(inbox.connect(data_dir)) as received:
        commands.run_waiting(commands.Work(derived, received, settings.load(config), config, Clock(time.time()),
                                           lambda *_: None))
        ingest(received, derived, LA)


@pytest.fixture
def heard_two(data_dir, config):
    """A box that trusts its first PVS and has heard of a second one."""
    with closing(inbox.connect(data_dir)) as received:
        inbox.append(received, [heard(day_of(NOON), NOON + HOUR)], Arrival(CAPTURE))
        inbox.append(received, [heard(day_of(NOON, 300, "414050000000002"), NOON + HOUR, FORGER_MAC, OTHER)],
                     Arrival(CAPTURE, ROUTER))
    carry_out(data_dir, config)


def total(data_dir) -> int:
    with closing(store.connect(data_dir)) as derived:
        return int(derived.execute("SELECT coalesce(sum(production_dwh), 0) FROM slot").fetchone()[0])


def test_a_second_sender_is_one_question_on_the_page(owner: Visitor, guest: Visitor, heard_two) -> None:
    for page in ("/", "/diagnostics"):
        text = owner.get(page).text
        assert OTHER in text and 'href="/senders/"' in text and "Is it yours?" in text
    assert OTHER not in guest.get("/").text
    shown = owner.get("/senders/").text
    assert TRUE_MAC in shown and FORGER_MAC in shown
    assert "comes through the router" in shown and "Yes, count it" in shown


def test_yes_counts_it_and_set_aside_takes_it_back(owner: Visitor, data_dir, config, heard_two) -> None:
    assert total(data_dir) == 1100
    for decision, expected in (("trusted", 4400), ("aside", 1100)):
        assert owner.send("/senders/", "/senders/sender", id="2", decision=decision).status_code == 302
        carry_out(data_dir, config)
        assert total(data_dir) == expected
        assert "Is it yours?" not in owner.get("/").text
        assert "Done." in owner.get("/senders/").text


def test_what_the_page_is_for_and_what_counts_is_said_in_the_same_words(owner: Visitor, data_dir, config,
                                                                        heard_two) -> None:
    shown = owner.get("/senders/").text
    assert "Here you say whose reports count." in shown and "It does no harm as long as it does not count." in shown
    owner.send("/senders/", "/senders/sender", id="2", decision="aside")
    carry_out(data_dir, config)
    shown = owner.get("/senders/").text
    assert '<span class="tag ">does not count</span> <span class="soft">as you decided</span>' in shown
    assert "Do not count it" in shown and "Count it again" in shown and "et aside" not in shown


def test_a_device_and_a_report_can_be_set_aside_and_counted_again(owner: Visitor, data_dir, config, heard_two) -> None:
    for place, number in (("device", "2"), ("upload", "1")):
        for aside, expected in (("1", 0), ("0", 1100)):
            owner.send("/senders/", f"/senders/{place}", id=number, aside=aside)
            carry_out(data_dir, config)
            assert total(data_dir) == expected, (place, aside)


@pytest.mark.parametrize("form", [{"id": "2", "decision": "king"}, {"id": "x", "decision": "aside"},
                                  {"decision": "aside"}, {"id": "9" * 5000, "decision": "aside"}])
def test_nonsense_is_a_bad_request(owner: Visitor, heard_two, form: dict[str, str]) -> None:
    assert owner.send("/senders/", "/senders/sender", **form).status_code == 400


def test_a_sender_that_is_not_there_is_said(owner: Visitor, data_dir, config, heard_two) -> None:
    owner.send("/senders/", "/senders/sender", id="77", decision="aside")
    carry_out(data_dir, config)
    assert "no sender 77" in owner.get("/senders/").text


def test_only_the_owner_decides(guest: Visitor, app: Flask, heard_two) -> None:
    assert guest.get("/senders/").status_code == 302
    token = guest.token("/login")
    answer = guest.client.post("/senders/sender", data={"csrf_token": token, "id": "1", "decision": "aside"})
    assert answer.status_code == 302 and "/login" in answer.location


def test_the_wizard_names_the_box_that_was_taken(owner: Visitor, heard_two) -> None:
    text = owner.get("/welcome/listen").text
    assert PVS in text and TRUE_MAC in text and "Not yours?" in text
