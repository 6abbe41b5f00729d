"""Facts of the posting outlive the process, each system's its own."""
from pathlib import Path

from appliance import store
from appliance.pvoutput import persisted


def test_a_fact_comes_back_as_it_was_put_and_goes_with_none(tmp_path: Path) -> None:
    database = store.connect(tmp_path)
    assert persisted.get(database, "quota") is None
    persisted.put(database, "quota", {"hour": 7, "used": [1, None]})
    database.close()
    database = store.connect(tmp_path)
    assert persisted.get(database, "quota") == {"hour": 7, "used": [1, None]}
    persisted.put(database, "quota", None)
    assert persisted.get(database, "quota") is None
    database.close()


def test_each_system_has_facts_of_its_own(tmp_path: Path) -> None:
    database = store.connect(tmp_path)
    for key in ("", "101", "102"):
        persisted.put(database, persisted.name("rules", key), key)
    assert [persisted.get(database, persisted.name("rules", key)) for key in ("", "101", "102")] == ["", "101", "102"]
    database.close()
