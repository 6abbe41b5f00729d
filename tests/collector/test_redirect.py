"""What the redirect process takes from the other one's heartbeat, and the text of the rules."""
import pytest

from appliance.collector import rules
from appliance.collector.journal import MAX_CHANGES, Change, Journal
from appliance.collector.neighbours import hardware_address
from appliance.collector.redirect import MAX_ADDRESSES, Wanted

GOOD = {"interface": "br0", "port": 18080, "names_port": 18053, "addresses": ["198.18.0.1", "203.0.113.5"]}


def test_what_is_well_formed_is_taken():
    assert Wanted.parse(GOOD) == Wanted("br0", 18080, 18053, ("198.18.0.1", "203.0.113.5"))
    assert Wanted.parse({**GOOD, "names_port": 0}).names_port == 0


@pytest.mark.parametrize("change", [
    {"interface": 'br0" }; flush ruleset; #'}, {"interface": ""}, {"interface": "a" * 16}, {"interface": 7},
    {"port": 80}, {"port": 0}, {"port": "18080"}, {"port": 70000}, {"port": None}, {"names_port": 53},
    {"addresses": []}, {"addresses": ["192.168.1.1"]}, {"addresses": ["127.0.0.1"]}, {"addresses": ["203.0.113.5/8"]},
    {"addresses": ["x; flush ruleset"]}, {"addresses": [f"203.0.113.{n}" for n in range(MAX_ADDRESSES + 1)]},
    {"addresses": None}])
def test_what_is_not_is_refused(change):
    with pytest.raises((ValueError, TypeError)):
        Wanted.parse({**GOOD, **change})


def test_the_rules_act_through_sets_with_a_timeout_only():
    text = rules.install("02:00:5e:00:53:01", 18080, 18053)
    assert text.count("flags timeout") == 3 and "iifname != @pvs accept" in text
    renewed = rules.renew("eth1", ["198.18.0.1", "203.0.113.5"], True)
    assert renewed.count(f"timeout {rules.TIMEOUT_S}s") == 4 and renewed.startswith(rules.let_go())
    assert "asking {" not in rules.renew("eth1", ["198.18.0.1"], False)


def test_the_journal_keeps_the_last_changes_and_survives_nonsense(tmp_path):
    journal = Journal()
    for number in range(MAX_CHANGES + 20):
        journal.changes.append(Change(number, "open", f"reason {number}"))
        journal.save(tmp_path)
    journal.addresses = ["203.0.113.5"]
    journal.save(tmp_path)
    again = Journal.load(tmp_path)
    assert len(again.changes) == MAX_CHANGES and again.last == Change(MAX_CHANGES + 19, "open", "reason 69")
    assert again.addresses == ["203.0.113.5"]
    for text in ("", "{}", "[]", '{"changes": 3, "addresses": []}', "{" * 5000):
        (tmp_path / "collector.json").write_text(text)
        assert Journal.load(tmp_path) == Journal()


def test_hardware_addresses_come_from_the_kernels_table(tmp_path):
    table = tmp_path / "arp"
    table.write_text("IP address       HW type     Flags       HW address            Mask     Device\n"
                     "192.0.2.50       0x1         0x2         02:00:5E:00:53:01     *        br0\n"
                     "192.0.2.51       0x1         0x0         00:00:00:00:00:00     *        br0\n")
    assert hardware_address("192.0.2.50", table) == "02:00:5e:00:53:01"
    assert hardware_address("192.0.2.51", table) == hardware_address("192.0.2.5", table) == ""
    assert hardware_address("192.0.2.50", tmp_path / "none") == ""
