"""The page's Test button: what it finds of key and system, and what it leaves as it was."""
from appliance.pvoutput import account_check
from appliance.pvoutput.reply_fields import System
from appliance.settings import Secret
from appliance.simulate.pvoutput import Account, Fault
from tests.pvoutput.support import Box, settings_for, sunny_day

DAY = "2026-05-09"


def test_the_test_button_works_while_posting_is_off_and_names_what_it_found(box: Box) -> None:
    box.settings = settings_for(box.server, enabled=False)
    result = account_check.check_account(box.store, box.settings, box.clock)
    assert result.ok and result.system == System("Test roof", 4800, 300, "America/Los_Angeles", False, 37.8, -122.3)
    assert not result.warnings and box.server.spent() == 1
    box.settings = settings_for(box.server, api_key=Secret("f" * 40))
    result = account_check.check_account(box.store, box.settings, box.clock)
    assert not result.ok and result.text == "Invalid API Key"


def test_a_test_with_another_account_changes_nothing_for_the_one_that_posts(box: Box) -> None:
    box.put(sunny_day(DAY, last=140))
    box.run(60)
    other = settings_for(box.server, api_key=Secret("f" * 40))
    assert not account_check.check_account(box.store, other, box.clock).ok
    box.server.accounts["e" * 40] = Account()
    box.server.spend(60, "e" * 40)
    assert "Exceeded" in account_check.check_account(
        box.store, settings_for(box.server, api_key=Secret("e" * 40)), box.clock).text
    before = len(box.server.requests)
    box.put(sunny_day(DAY, first=140, last=143))
    box.run(5)
    assert [r.service for r in box.server.requests[before:]] == ["addbatchstatus"]
    assert box.curve(DAY) == box.truth(DAY)


def test_the_test_button_tells_of_zones_settings_network_and_quota(box: Box) -> None:
    box.server.site.system.timezone = "Europe/Berlin"
    result = account_check.check_account(box.store, box.settings, box.clock)
    assert result.ok and "Europe/Berlin" in result.warnings[0] and "America/Los_Angeles" in result.warnings[0]
    box.settings = settings_for(box.server, system_id="")
    assert "system_id" in account_check.check_account(box.store, box.settings, box.clock).text
    box.settings = settings_for(box.server)
    box.server.fail(Fault.CLOSE)
    assert "connection" in account_check.check_account(box.store, box.settings, box.clock).text
    box.server.spend(60)
    for words in ("Exceeded 60 requests per hour", "try again in"):
        result = account_check.check_account(box.store, box.settings, box.clock)
        assert not result.ok and words in result.text
