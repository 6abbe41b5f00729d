"""What the redirect process takes from the collector process's heartbeat: what is well formed, and nothing else."""
import pytest

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
