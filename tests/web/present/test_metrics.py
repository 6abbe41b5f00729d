"""/metrics from typed facts: Prometheus's own parser reads it, what is not known is left out, energies are exact."""
from prometheus_client.parser import text_string_to_metric_families

from appliance import __version__
from appliance.health import status
from appliance.history.views import Device, Lifetime
from appliance.settings import Settings
from appliance.system.clock import Clock
from webui.present import metrics
from webui.present.energy import Now

CLOCK = Clock(0.0, 1_780_000_000, 0.0)
NOTHING = Lifetime(None, None, None, None, None, None, 0)
UNIT = Device(1, "inverter", 'S"1\n', "Type C", 1, 2, 123_456_789, 12_345, 7)


def scraped(box: status.Status, now: Now, lifetime: Lifetime = NOTHING, made: int | None = None,
            units: tuple[Device, ...] = ()) -> dict[tuple[str, tuple], float]:
    """(name, labels) → value, by Prometheus's own parser."""
    text = metrics.text(box, now, lifetime, made, units).decode()
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text) for sample in family.samples}


def test_what_is_not_known_is_left_out_and_never_zero(tmp_path) -> None:
    names = {name for name, _ in scraped(status.collect(Settings().with_data_dir(tmp_path), CLOCK), Now("none"))}
    assert not {name for name in names if name.endswith(("_joules_total", "_watts", "_age_seconds"))}
    assert {"suntap_up", "suntap_build_info", "suntap_lamp_state"} <= names


def test_energies_are_joules_to_the_last_tenth_of_a_watt_hour(tmp_path) -> None:
    box = status.collect(Settings().with_data_dir(tmp_path), CLOCK)
    found = scraped(box, Now("live", 1, 60, 100, 200, -50), Lifetime(1, 2, 3, 4, "a", "b", 1), 987_654_321, (UNIT,))
    serial = (("serial", UNIT.serial),)
    assert found["suntap_production_joules_total", ()] == 987_654_321 * 360
    assert found["suntap_inverter_joules_total", serial] == 123_456_789 * 360
    assert found["suntap_inverter_watts", serial] == 1234.5 and found["suntap_grid_watts", ()] == -50


def test_a_power_that_is_old_is_no_power_of_now(tmp_path) -> None:
    box = status.collect(Settings().with_data_dir(tmp_path), CLOCK)
    old = scraped(box, Now("old", 1, 10**6, 100))
    assert ("suntap_production_watts", ()) not in old and old["suntap_reading_age_seconds", ()] == 10**6


def test_each_lamp_has_one_state_and_the_version_is_told(tmp_path) -> None:
    box = status.collect(Settings().with_data_dir(tmp_path), CLOCK)
    found = scraped(box, Now("none"))
    for lamp in box.lamps:
        of = [state for state in metrics.STATES
              if found["suntap_lamp_state", (("lamp", lamp.name), ("state", state))]]
        assert of == [lamp.state]
    assert found["suntap_build_info", (("version", __version__),)] == 1
    assert found["suntap_up", ()] == int(box.healthy()[0])
