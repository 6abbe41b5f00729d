"""/metrics: read by prometheus' own parser, in its conventions, exact, and open to nobody without a right."""
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from appliance.history import views
from tests.web.conftest import FixedClock, Visitor


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families(text) for sample in family.samples}


def test_the_numbers_are_the_apis(owner: Visitor, roof: Path) -> None:
    found = samples(owner.get("/metrics").text)
    now = owner.get("/api/v1/now").json
    assert found["suntap_production_joules_total", ()] == now["lifetime_dwh"] * 360
    assert found["suntap_production_watts", ()] == now["production_w"]
    lamps = {lamp["name"]: lamp["state"] for lamp in owner.get("/api/v1/status").json["lamps"]}
    for name, state in lamps.items():
        assert found["suntap_lamp_state", (("lamp", name), ("state", state))] == 1
    assert sum(name == "suntap_inverter_joules_total" for name, _ in found) == 16


def test_what_is_not_known_is_left_out(owner: Visitor, roof: Path, clock: FixedClock) -> None:
    clock.move(26 * 3600)
    found = samples(owner.get("/metrics").text)
    assert ("suntap_production_watts", ()) not in found and ("suntap_production_joules_total", ()) in found


def test_a_roof_of_nothing_is_no_error(owner: Visitor) -> None:
    answer = owner.get("/metrics")
    assert answer.status_code == 200 and ("suntap_up", ()) in samples(answer.text)
    assert answer.content_type.startswith("text/plain; version=0.0.4")


def test_it_needs_a_right(guest: Visitor, roof: Path) -> None:
    assert guest.get("/metrics").status_code == 401


@pytest.mark.parametrize("serial", ['a"b\\c\nd', "ü" * 20])
def test_an_odd_serial_is_one_label(owner: Visitor, roof: Path, monkeypatch: pytest.MonkeyPatch, serial: str) -> None:
    unit = next(device for device in _devices(roof) if device.kind == "inverter")
    odd = views.Device(unit.id, "inverter", serial, "m", 1, 2, 3, 4, 5)
    monkeypatch.setattr(views, "devices", lambda *_: [odd])
    assert (("serial", serial),) in {labels for _, labels in samples(owner.get("/metrics").text)}


def _devices(folder: Path) -> list[views.Device]:
    from contextlib import closing

    from appliance import store
    with closing(store.connect(folder, readonly=True)) as connection:
        return views.devices(connection)
