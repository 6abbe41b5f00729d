"""What an output remembers: each output its own, exactly as it was put, part of the caller's transaction."""
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.outputs import progress
from appliance.store import transaction
from tests.outputs.support import House

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.sampled_from(["", "ü", "a\n\"b"]),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
                    max_leaves=8)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON)
def test_what_is_put_comes_back(house: House, value: object) -> None:
    progress.put(house.store, "lines", "place", value)
    assert progress.get(house.store, "lines", "place") == value


def test_each_output_and_each_key_has_its_own(house: House) -> None:
    progress.put(house.store, "lines", "place", 1)
    progress.put(house.store, "mqtt", "place", 2)
    progress.put(house.store, "mqtt", "units", [3])
    progress.drop(house.store, "mqtt", "place")
    found = [progress.get(house.store, name, key) for name in ("lines", "mqtt") for key in ("place", "units")]
    assert found == [1, None, None, [3]]


def test_an_equal_value_writes_nothing(house: House) -> None:
    progress.put(house.store, "mqtt", "rising", {"b": 1, "a": 2})
    before = house.store.total_changes
    progress.put(house.store, "mqtt", "rising", {"a": 2, "b": 1})
    assert house.store.total_changes == before
    assert json.loads(house.store.execute("SELECT value FROM output").fetchone()[0]) == {"a": 2, "b": 1}


def test_it_goes_with_the_transaction_that_it_is_part_of(house: House) -> None:
    with pytest.raises(ZeroDivisionError), transaction(house.store):
        progress.put(house.store, "lines", "place", 1)
        raise ZeroDivisionError
    assert progress.get(house.store, "lines", "place") is None
