"""`suntap status` as text: lamps, what to do, parts by the names that owners know, counters that are not zero."""
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.status import LAMPS, PARTS, table
from appliance.health import status
from appliance.system.heartbeat import PROCESSES
from tests.cli.inside import Shell

LAMP = {"name": "decode", "state": "bad", "text": "The recorder has stopped.", "check": "Start it again."}
NOTICE = {"state": "warn", "text": "A counter fell.", "check": "Have it looked at."}
RUNS = {"name": "supervisor", "text": "running", "pid": 7, "restarts": 2, "age_s": 3.2}
FACTS = {"system": None, "lamps": [LAMP, {**LAMP, "state": "ok", "check": "unseen"}], "store": {"notices": [NOTICE]},
         "processes": [RUNS, {"name": "web", "text": "stopped"}],
         "counters": {"capture": {"packets": 1_234_567, "holes": 0}, "web": {"requests": 0}}}


def test_what_is_out_of_order_is_said_with_what_to_do_and_what_is_in_order_without() -> None:
    text = table(FACTS)
    assert "BAD   The recorder has stopped." in text and "Start it again." in text and "unseen" not in text
    assert "WARN  A counter fell." in text and "Have it looked at." in text


def test_the_parts_have_the_names_that_owners_know() -> None:
    lines = table(FACTS).splitlines()
    assert any(line.startswith("recorder          running") and "pid 7, 2 restarts" in line for line in lines)
    assert any(line.startswith("page              stopped") for line in lines)
    assert set(PARTS) == set(PROCESSES) and "supervisor" not in table(FACTS)


def test_the_lamps_have_the_names_of_the_page() -> None:
    from webui.words import lamp_names
    assert {name: str(words) for name, words in lamp_names.NAMES.items()} == LAMPS
    assert table(FACTS).startswith("Inverters         BAD   ")


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_lamp_that_is_bad_is_exit_code_1(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                           form: list[str]) -> None:
    assert shell("status", "--data-dir", tmp_path, *form).code == 1          # nothing runs
    collected = status.collect

    def healthy(*given: Any) -> status.Status:
        found = collected(*given)
        return replace(found, lamps=tuple(replace(lamp, state="ok") for lamp in found.lamps))

    monkeypatch.setattr(status, "collect", healthy)
    assert shell("status", "--data-dir", tmp_path, *form).code == 0


def test_the_card_s_system_has_its_days() -> None:
    text = table({**FACTS, "system": {"built": "2026-05-01", "debian": "2026-04-30", "age_days": 9}})
    assert "built on 2026-05-01, Debian as of 2026-04-30: 9 days" in text and "built on" not in table(FACTS)


def test_only_counters_that_counted_are_shown() -> None:
    text = table(FACTS)
    assert "counters of the listener" in text and "1,234,567" in text
    assert "holes" not in text and "requests" not in text
