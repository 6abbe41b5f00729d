"""From where an upload came: by its hardware address and the kernel's tables, and never from this machine itself."""
from pathlib import Path

import pytest

from appliance.capture.origin import Origin
from appliance.store.trust import CAPTURE, ROUTER, Arrival
from tests.attack.support import FORGER_MAC, OURS, ROUTER_MAC, TRUE_MAC, heard, kernel
from tests.ledger.support import NOON

PORTS = {TRUE_MAC: 1, FORGER_MAC: 2, ROUTER_MAC: 2}


@pytest.mark.parametrize(("mac", "arrival"), [
    (TRUE_MAC, Arrival(CAPTURE)), (FORGER_MAC, Arrival(CAPTURE, ROUTER)),
    ("00:00:5e:00:53:99", Arrival(CAPTURE, certain=False)), ("", Arrival(CAPTURE, certain=False))])
def test_the_side_of_the_bridge_is_the_uploads(tmp_path: Path, mac: str, arrival: Arrival) -> None:
    assert Origin("br0", kernel(tmp_path, PORTS)).judge(heard([], NOON, mac)) == arrival


@pytest.mark.parametrize("mac", [TRUE_MAC, FORGER_MAC, ""])
def test_what_goes_to_this_machine_is_no_upload_whoever_sends_it(tmp_path: Path, mac: str) -> None:
    assert Origin("br0", kernel(tmp_path, PORTS)).judge(heard([], NOON, mac, to=OURS)) is None


def test_a_capture_file_has_no_sides_and_no_address_of_ours(tmp_path: Path) -> None:
    origin = Origin(root=kernel(tmp_path, PORTS))
    origin.look()
    assert origin.judge(heard([], NOON, FORGER_MAC, to=OURS)) == Arrival(CAPTURE)
