"""The API says what its OpenAPI file says, in exact numbers."""
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

import webui
from appliance import settings
from tests.web import openapi
from tests.web.conftest import TODAY, FixedClock, Visitor
from tests.web.roof import Roof, fill

DOCUMENT = json.loads((Path(webui.__file__).parent / "static" / "openapi.json").read_text())


JSON = [path for path in DOCUMENT["paths"] if path.startswith(("/api/", "/healthz"))]


def check(answer: Any, path: str) -> Any:
    """The JSON of an answer, after it was held against the description of its path and status."""
    described = DOCUMENT["paths"][path]["get"]["responses"][str(answer.status_code)]
    assert openapi.errors(answer.json, described["content"]["application/json"]["schema"], DOCUMENT) == []
    return answer.json


def test_the_file_describes_every_route_of_the_api_and_no_other(app: Flask) -> None:
    served = {rule.rule for rule in app.url_map.iter_rules()
              if rule.rule.startswith(("/api/", "/healthz", "/export/", "/metrics"))}
    assert served == set(DOCUMENT["paths"])


def test_the_file_is_served(guest: Visitor) -> None:
    assert guest.get("/api/v1/openapi.json").json == DOCUMENT


@pytest.mark.parametrize("path", JSON)
def test_answers_are_as_described(owner: Visitor, roof: Path, path: str) -> None:
    check(owner.get(path), path)


@pytest.mark.parametrize("path", JSON)
def test_answers_are_as_described_while_nothing_was_ever_measured(owner: Visitor, path: str) -> None:
    check(owner.get(path), path)


@pytest.mark.parametrize(("path", "query", "status"), [
    ("/api/v1/slots", "day=yesterday", 400), ("/api/v1/slots", "day=2026-02-30", 400),
    ("/api/v1/slots", "day=20260509", 400), ("/api/v1/slots", "day=", 400), ("/api/v1/slots", "day=9999-12-31", 400),
    ("/api/v1/days", "from=2026-05-09&to=2026-05-08", 400),
    ("/api/v1/days", "from=yesterday", 400), ("/api/v1/days", "from=2001-01-01", 400)])
def test_a_question_that_makes_no_sense_gets_a_reason(owner: Visitor, path: str, query: str, status: int) -> None:
    answer = owner.get(f"{path}?{query}")
    assert answer.status_code == status
    reason = check(answer, path)["error"]
    assert "must be" in reason and "page" not in reason


def test_status_needs_the_password(guest: Visitor) -> None:
    answer = guest.get("/api/v1/status")
    assert answer.status_code == 401
    check(answer, "/api/v1/status")


def test_slots_add_up_to_the_day(owner: Visitor, roof: Path) -> None:
    slots = owner.get(f"/api/v1/slots?day={TODAY}").json["slots"]
    day = owner.get(f"/api/v1/days?from={TODAY}&to={TODAY}").json["days"][0]
    for name in ("production_dwh", "consumption_dwh"):
        assert sum(slot[name] or 0 for slot in slots) == day[name]
    assert sum(max(0, slot["net_dwh"]) for slot in slots) == day["import_dwh"]
    assert abs(day["consumption_dwh"] - day["production_dwh"] - day["import_dwh"] + day["export_dwh"]) <= 100


def test_now_says_its_age_and_state(owner: Visitor, roof: Path, clock: FixedClock) -> None:
    found = owner.get("/api/v1/now").json
    assert found["state"] == "live"
    assert 0 <= found["age_s"] < 600
    assert found["production_w"] > 1000
    clock.move(3600)
    later = owner.get("/api/v1/now").json
    assert later["state"] == "old"
    assert later["age_s"] == found["age_s"] + 3600


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25)])
def test_a_day_on_which_the_clocks_change_has_its_own_length(owner: Visitor, data_dir: Path, day: date,
                                                             hours: int) -> None:
    fill(data_dir, settings.Settings(), Roof().uploads(day, 2), 2e9)
    found = owner.get(f"/api/v1/slots?day={day}").json
    assert len(found["slots"]) == hours * 12
    offsets = {slot["local"][-6:] for slot in found["slots"]}
    assert offsets == {"-08:00", "-07:00"}
    assert len({slot["local"] for slot in found["slots"]}) == hours * 12


def test_energy_is_never_a_binary_fraction(owner: Visitor, roof: Path) -> None:
    def numbers(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [number for part in value.values() for number in numbers(part)]
        if isinstance(value, list):
            return [number for part in value for number in numbers(part)]
        return [value] if isinstance(value, float) else []
    for path in ("/api/v1/now", "/api/v1/days", f"/api/v1/slots?day={TODAY}", f"/api/v1/inverters?day={TODAY}"):
        assert numbers(owner.get(path).json) == []


def test_health_is_503_with_reasons_while_no_process_runs(guest: Visitor, roof: Path) -> None:
    answer = guest.get("/healthz")
    assert answer.status_code == 503
    assert any("capture" in reason for reason in check(answer, "/healthz")["reasons"])


def test_kwh_are_the_same_energies_digit_by_digit(owner: Visitor, roof: Path) -> None:
    now = owner.get("/api/v1/now").json
    day = owner.get(f"/api/v1/inverters?day={TODAY}").json["inverters"]
    for found in (now, now["today"], *day):
        for name, value in found.items():
            if name.endswith("_kwh") and value is not None:
                assert round(float(value) * 10_000) == found[name.replace("_kwh", "_dwh")]
    assert now["lifetime_import_dwh"] > 0 and now["lifetime_export_dwh"] > 0
    assert sum(unit["energy_dwh"] for unit in day) == now["today"]["production_dwh"]
