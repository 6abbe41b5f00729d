"""`suntap records`: the lines as sent, errors of one line, and nothing imported that it does not use."""
import json
import os
import signal
import subprocess

import pytest

from tests.cli.command import CAPTURES, ROOT, command, environment, refused, suntap
from tests.cli.processes import LIMIT_S, listens_on_the_wire, wait_for

PLAIN = CAPTURES / "plain_day.pcap"
OWNER = ROOT.stat().st_uid      # may read this checkout, wherever it is
POWERLESS = ("setpriv", f"--reuid={OWNER}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
STRANGER = 65534


def test_records_printed_before_the_damage_of_a_file_are_given_out(tmp_path):
    file = tmp_path / "cut.pcap"
    whole = suntap("records", PLAIN).out
    file.write_bytes(PLAIN.read_bytes()[:-7])
    result = suntap("records", file)
    refused(result, 2, "cut.pcap")
    assert result.out and whole.startswith(result.out[:-200])


def test_an_interface_that_does_not_exist_is_one_line():
    refused(suntap("records", "-i", "nope0"), 2, "nope0", "no such interface")


@pytest.mark.root
def test_an_interface_that_does_not_exist_is_said_also_without_the_right_to_capture():
    refused(suntap("records", "-i", "nope0", prefix=POWERLESS), 2, "nope0", "no such interface")


@pytest.mark.root
def test_a_missing_right_to_capture_is_one_line():
    refused(suntap("records", "-i", "lo", prefix=POWERLESS), 2, "lo", "CAP_NET_RAW")


def test_a_reader_that_has_seen_enough_is_no_error():
    reader = subprocess.Popen(command("records", "--json", *[PLAIN] * 40), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=environment())
    assert reader.stdout is not None and reader.stderr is not None
    reader.stdout.read(10)
    reader.stdout.close()
    assert reader.stderr.read() == b""
    reader.stderr.close()
    assert reader.wait() != 0


def test_records_are_the_lines_as_sent_and_json_has_the_fields_of_the_design():
    expected = CAPTURES.joinpath("plain_day.records").read_text()
    assert suntap("records", PLAIN).out == expected
    objects = [json.loads(line) for line in suntap("records", "--json", PLAIN).out.splitlines()]
    assert ["\t".join(entry["record"]) for entry in objects] == expected.splitlines()
    assert list(objects[0]) == ["captured", "source", "destination", "path", "record", "complete"]
    assert objects[0]["path"].endswith("SMS2DataCollector.aspx") and objects[0]["captured"].endswith("Z")


def test_stats_are_one_json_object_on_stderr():
    result = suntap("records", "--stats", PLAIN)
    assert json.loads(result.err)["uploads_complete"] > 0


def test_records_imports_nothing_that_it_does_not_use():
    code = ("import sys; from appliance.cli import main; main(['records', sys.argv[1]]); "
            "print(*sorted(sys.modules), file=sys.stderr)")
    done = subprocess.run([command()[0], "-c", code, str(PLAIN)], capture_output=True, env=environment(), check=True)
    loaded = set(done.stderr.decode().split())
    assert loaded.isdisjoint({"flask", "requests", "sqlite3", "tomlkit", "tomllib", "waitress", "zoneinfo", "ssl",
                              "logging", "appliance.settings", "appliance.store"})


@pytest.mark.root
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_live_capture_ends_cleanly_when_told_to(number):
    reader = subprocess.Popen(command("records", "--stats", "-i", "lo"), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=environment())
    wait_for(lambda: listens_on_the_wire(reader.pid))
    assert reader.poll() is None
    os.kill(reader.pid, number)
    _, err = reader.communicate(timeout=LIMIT_S)
    assert reader.returncode == 0
    assert "received" in json.loads(err)
