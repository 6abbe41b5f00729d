"""The systems that are posted to: the site's first, further ones with their own devices and no consumption."""
from dataclasses import fields, replace

from appliance.pvoutput.targets import main_target, targets
from appliance.settings import Settings
from appliance.settings.validators import PvSystem


def settings(**account: object) -> Settings:
    plain = Settings()
    return replace(plain, pvoutput=replace(plain.pvoutput, **account))  # type: ignore[arg-type]


def test_without_a_system_id_nothing_is_posted_but_the_target_is_known() -> None:
    assert targets(settings()) == [] and main_target(settings()).key == main_target(settings()).title == ""


def test_further_systems_have_their_devices_and_neither_consumption_nor_extended_values() -> None:
    further = PvSystem(id="102", devices=("414050000000001",))
    site, roof = targets(settings(system_id="101", consumption=True, v7="414050000000001 power", system=(further,)))
    assert (site.key, site.account.system_id, site.account.consumption, site.devices) == ("", "101", True, ())
    assert (roof.key, roof.account.system_id, roof.account.consumption) == ("102", "102", False)
    assert roof.devices == ("414050000000001",) and roof.title == "system 102"
    assert not any(getattr(roof.account, f"v{number}") for number in range(7, 13))
    same = {field.name for field in fields(site.account)} - {"system_id", "consumption", "v7"}
    assert all(getattr(site.account, name) == getattr(roof.account, name) for name in same)
