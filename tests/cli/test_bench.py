"""`suntap bench`: the figures as JSON and in words, and each mistake before anything is measured."""
import json
from pathlib import Path

import pytest

from tests.cli.command import CAPTURES, refused
from tests.cli.inside import Shell

PLAIN = CAPTURES / "disorder.pcap"


def test_json_has_the_fields_of_the_design(shell: Shell) -> None:
    done = shell("bench", PLAIN, "--json", "--repeat", "1")
    found = json.loads(done.out)
    assert done.code == 0 and set(found) == {"packets", "bytes", "uploads", "records", "seconds", "ns_per_packet",
                                             "floor_ns_per_packet", "ratio_to_floor"}
    assert found["bytes"] == PLAIN.stat().st_size and found["packets"] > found["uploads"] > 0


def test_words_say_the_same(shell: Shell) -> None:
    done = shell("bench", PLAIN, "--repeat", "1")
    assert done.code == 0 and len(done.out.splitlines()) == 2
    assert "ns per packet" in done.out and "median of 1" in done.out


@pytest.mark.parametrize("count", ["0", "-1", "x", "", "1.5", "²"])
def test_a_number_of_runs_is_whole_and_positive(shell: Shell, count: str) -> None:
    refused(shell("bench", PLAIN, f"--repeat={count}"), 2, "--repeat", "whole number")


def test_what_is_no_capture_is_said_before_anything_is_measured(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no capture")
    refused(shell("bench", tmp_path / "x"), 2, "not a pcap")
    refused(shell("bench", PLAIN, "--host", "the-pvs"), 2, "--host")
