"""`suntap streams`: one JSON object for each direction; what stands in it is held in tests/spcore."""
import json
from pathlib import Path

import pytest

from tests.cli.command import CAPTURES, refused
from tests.cli.inside import Shell

PLAIN = CAPTURES / "disorder.pcap"


def listed(shell: Shell, *more: str) -> list[dict]:
    done = shell("streams", PLAIN, *more)
    assert done.code == 0, done
    return [json.loads(line) for line in done.out.splitlines()]


def test_each_direction_is_one_object_with_the_fields_of_the_design(shell: Shell) -> None:
    found = listed(shell)
    assert len(found) > 1 and all(set(one) == {"source", "destination", "bytes", "sha256", "gaps"} for one in found)
    ends = {(one["source"], one["destination"]) for one in found}
    assert all((to, source) in ends for source, to in ends)


def test_a_port_chooses_its_connections_and_no_others(shell: Shell) -> None:
    every = listed(shell)
    assert listed(shell, "--port", "80") == [one for one in every if ":80" in one["source"] + one["destination"]] != []
    assert listed(shell, "--port", "81") == []


@pytest.mark.parametrize("content", ["", "no capture"])
def test_what_is_no_capture_is_one_line(shell: Shell, tmp_path: Path, content: str) -> None:
    (tmp_path / "x").write_text(content)
    refused(shell("streams", tmp_path / "x"), 2, "x: ")
