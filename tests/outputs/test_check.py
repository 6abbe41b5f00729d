"""The Test button of each output: what is typed is tried, nothing of the history is sent, one line says how it went."""
import gzip
import json
from dataclasses import fields
from typing import Any

import pytest

from appliance.outputs.check import CHECKS, OutputCheck, check_output
from appliance.outputs.runner import FACTORIES
from appliance.settings import Lines, Mqtt, Notify, Secret, Settings, Site
from tests.outputs.hook import url_of
from tests.outputs.support import House
from tests.ports import free_port

NOBODY = Settings(mqtt=Mqtt("mqtt://127.0.0.1:9"), lines=Lines("http://127.0.0.1:9"),
                  notify=Notify("http://127.0.0.1:9/hook"))


def test_every_output_has_its_test_and_its_settings() -> None:
    assert set(CHECKS) == set(FACTORIES) <= {item.name for item in fields(Settings)}


@pytest.mark.parametrize("name", CHECKS)
def test_without_an_address_one_is_asked_for(house: House, name: str) -> None:
    assert check_output(name, Settings(), house.clock) == OutputCheck(False, "Enter an address first.")


@pytest.mark.parametrize("name", CHECKS)
def test_where_nobody_listens_the_reason_is_a_sentence(house: House, name: str) -> None:
    found = check_output(name, NOBODY, house.clock)
    assert not found.ok and found.text[0].isupper() and found.text.endswith(".") and "\n" not in found.text


def test_an_output_that_there_is_not_is_a_mistake_of_ours(house: House) -> None:
    with pytest.raises(KeyError):
        check_output("telegraph", Settings(), house.clock)


def test_the_test_of_what_is_typed_says_whether_it_was_taken(house: House, hook: Any) -> None:
    def check(url: str) -> tuple[bool, str]:
        found = check_output("notify", Settings(notify=Notify(url)), house.clock)
        return found.ok, found.text
    assert check(url_of(hook))[0] and "test" in json.loads(hook.got[0][2])["text"]
    assert check("") == (False, "Enter an address first.")
    hook.behaviour = (404, {}, b"")
    assert check(url_of(hook)) == (False, "The webhook answered 404: check the address.")
    assert check(f"http://127.0.0.1:{free_port()}/")[0] is False


@pytest.mark.parametrize(("headers", "kind"), [
    ({"X-Influxdb-Version": "1.8"}, "InfluxDB"), ({"X-Server-Hostname": "vm"}, "VictoriaMetrics")])
def test_a_database_gets_one_point_that_is_no_part_of_the_history(house: House, hook: Any, headers, kind: str) -> None:
    hook.behaviour = (204, headers, b"")
    found = check_output("lines", Settings(site=Site(name="my"), lines=Lines(url_of(hook, ""), Secret("t"))),
                         house.clock)
    (written,) = [gzip.decompress(body) for _, _, body in hook.got if body]
    assert found.ok and kind in found.text
    assert written.startswith(b"suntap_test,site=my value=1i ") and written.count(b"\n") == 1
