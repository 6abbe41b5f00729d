"""What a device counts, from its model and serial."""
import pytest

from appliance.ledger.roles import INVERTER, NET, PRODUCTION, role


@pytest.mark.parametrize(("kind", "serial", "model", "expected"), [
    ("inverter", "414050000000001", "AC_Module_Type_C", INVERTER),
    ("pvs", "ZT1", "SMSPVS20R1", ""), ("other", "x", "y", ""),
    ("meter", "PVS5M000001c", "PVS5M0400c", NET), ("meter", "PVS5M000001p", "PVS5M0400p", PRODUCTION),
    ("meter", "pvs6m000001P", "", PRODUCTION), ("meter", "1234", "WNC-3Y-208-MB", NET), ("meter", "", "", NET)])
def test_a_device_counts_what_its_name_says(kind: str, serial: str, model: str, expected: str) -> None:
    assert role(kind, serial, model) == expected


def test_the_model_decides_before_the_serial() -> None:
    assert role("meter", "PVS5M000001p", "PVS5M0400c") == NET
    assert role("meter", "PVS5M000001p", "unknown") == PRODUCTION
