"""The kernel's rules as text: they act only through sets that time out, and match the one name only."""
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.collector import NAME, nft_rules
from appliance.collector.dns import HEAD, query


def test_the_rules_act_through_sets_with_a_timeout_only():
    text = nft_rules.install("02:00:5e:00:53:01", 18080, 18053)
    assert text.count("flags timeout") == 3 and "iifname != @pvs accept" in text
    renewed = nft_rules.renew("eth1", ["198.18.0.1", "203.0.113.5"], True)
    assert renewed.count(f"timeout {nft_rules.TIMEOUT_S}s") == 4 and renewed.startswith(nft_rules.let_go())
    assert "asking {" not in nft_rules.renew("eth1", ["198.18.0.1"], False)


def matches(message: bytes) -> bool:
    """What the kernel does with the question's matches: bits from the transport header on, masked and compared."""
    behind = bytes(nft_rules.UDP_AND_DNS_HEAD - HEAD) + message
    found = re.findall(r"@th,(\d+),(\d+) & 0x([0-9a-f]+) == 0x([0-9a-f]+)",
                       nft_rules.install("02:00:5e:00:53:01", 1, 2))
    assert found
    for at, bits, mask, value in found:
        piece = behind[int(at) // 8:(int(at) + int(bits)) // 8]
        if len(piece) * 8 < int(bits) or int.from_bytes(piece, "big") & int(mask, 16) != int(value, 16):
            return False
    return True


@settings(max_examples=20)
@given(st.lists(st.booleans(), min_size=len(NAME), max_size=len(NAME)))
def test_a_question_for_the_name_is_lifted_in_whatever_case(upper):
    assert matches(query("".join(c.upper() if up else c for c, up in zip(NAME, upper, strict=True)), 7))


@pytest.mark.parametrize("name", [
    f"x{NAME}", NAME[1:], f"www.{NAME}", NAME + "x", NAME.replace(".", "-"), "example.com"])
def test_a_question_for_another_name_passes(name):
    assert not matches(query(name, 7))


def test_what_is_removed_is_all_that_is_installed():
    installed = set(re.findall(r"^table (\w+ \w+) {", nft_rules.install("02:00:5e:00:53:01", 18080, 18053),
                               re.MULTILINE))
    assert installed == set(re.findall(r"^delete table (\w+ \w+)$", nft_rules.remove(), re.MULTILINE))
    sets = set(re.findall(r"set (\w+) {", nft_rules.install("02:00:5e:00:53:01", 18080, 18053)))
    assert sets == set(re.findall(r"flush set bridge \w+ (\w+)", nft_rules.let_go())) == {"pvs", "asking", "collector"}
