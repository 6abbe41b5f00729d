"""What the command line promises: help, exit codes, and one clear line for everything that goes wrong."""
import os
import signal
import socket
import subprocess
from contextlib import suppress

import pytest

from appliance.cli import COMMANDS
from tests.cli.command import CAPTURES, LIMIT_S, ROOT, command, environment, refused, suntap
from tests.cli.processes import wait_for
from tests.folders import open_to_all

PLAIN = CAPTURES / "plain_day.pcap"
OWNER = ROOT.stat().st_uid      # may read this checkout, wherever it is
POWERLESS = ("setpriv", f"--reuid={OWNER}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
STRANGER = 65534


def test_suntap_alone_lists_all_commands_and_is_a_usage_error():
    result = suntap()
    assert result.code == 2 and all(f"  {name} " in result.err for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself_and_takes_config_and_data_dir(name):
    result = suntap(name, "--help")
    assert result.code == 0 and result.err == ""
    assert result.out.startswith(f"usage: suntap {name}")
    assert "--config FILE" in result.out and "--data-dir DIR" in result.out
    assert len(result.out.splitlines()) >= 8


def test_help_and_version_are_answers_not_errors():
    assert suntap("--help").code == 0
    assert suntap("--version").out == suntap("-V").out == "suntap 0.1.0\n"
    assert suntap("help").out == suntap("--help").out != ""


@pytest.mark.parametrize(("arguments", "words"), [
    (["swim"], ["unknown command 'swim'"]),
    (["records"], ["records:", "capture files", "-i IFACE"]),
    (["records", "--port", "0", "x"], ["--port", "1 to 65535"]),
    (["records", "--host", "pvs", PLAIN], ["--host", "pvs", "IP address"]),
    (["records", "--jsn", PLAIN], ["--jsn", "--help"]),
    (["records", "--js", PLAIN], ["--js"]),
    (["bench", "--host", "pvs", PLAIN], ["--host", "pvs", "IP address"]),
    (["import", "--host", "pvs", PLAIN], ["--host", "pvs", "IP address"]),
    (["streams"], ["FILE"]),
    (["bench", "--repeat", "0", PLAIN], ["--repeat"]),
    (["push", "--max-wait", "soon"], ["--max-wait", "seconds"]),
    (["export", "kittens"], ["kittens", "readings"]),
    (["export", "days", "--from", "yesterday"], ["--from", "2026-05-09"]),
    (["run", "router"], ["router", "capture"]),
])
def test_wrong_usage_is_one_line_and_exit_code_2(arguments, words, tmp_path):
    refused(suntap(*arguments, "--data-dir", tmp_path), 2, *words)


@pytest.mark.parametrize("name", ["records", "streams", "bench", "import"])
class TestUnreadableInput:
    """Every command that reads captures answers alike."""

    def test_a_file_that_is_no_capture(self, name, tmp_path):
        file = tmp_path / "notes.txt"
        file.write_text("not a capture\n" * 10)
        refused(suntap(name, file, "--data-dir", tmp_path / "data"), 2, str(file), "not a pcap or pcapng capture")

    def test_an_empty_file(self, name, tmp_path):
        file = tmp_path / "empty.pcap"
        file.write_bytes(b"")
        refused(suntap(name, file, "--data-dir", tmp_path / "data"), 2, str(file), "not a pcap or pcapng capture")

    def test_a_file_that_is_not_there(self, name, tmp_path):
        refused(suntap(name, tmp_path / "none.pcap", "--data-dir", tmp_path / "data"), 2, "none.pcap",
                "No such file or directory")

    def test_an_empty_name(self, name, tmp_path):
        refused(suntap(name, "", "--data-dir", tmp_path / "data"), 2, "No such file or directory")

    def test_a_folder(self, name, tmp_path):
        refused(suntap(name, tmp_path, "--data-dir", tmp_path / "data"), 2, str(tmp_path))

    @pytest.mark.root
    def test_a_file_that_may_not_be_read(self, name, tmp_path):
        file = tmp_path / "secret.pcap"
        file.write_bytes(PLAIN.read_bytes())
        file.chmod(0o600)
        os.chown(file, STRANGER, STRANGER)
        open_to_all(tmp_path)
        refused(suntap(name, file, "--data-dir", tmp_path / "data", prefix=POWERLESS), 2, "secret.pcap",
                "Permission denied")


@pytest.mark.parametrize("name", ["records", "streams", "import"])
@pytest.mark.parametrize("cut", [7, 150_000], ids=["at the end", "in the middle"])
def test_a_damaged_file_among_others_costs_what_is_behind_its_damage_alone(name, cut, tmp_path):
    file, kernel = tmp_path / "cut.pcap", CAPTURES / "kernel.pcap"
    file.write_bytes(PLAIN.read_bytes()[:-cut])
    alone = suntap(name, file, "--data-dir", tmp_path / "alone")
    result = suntap(name, kernel, file, PLAIN, "--data-dir", tmp_path / "data")
    refused(result, 2, "cut.pcap")
    if name == "import":
        suntap(name, kernel, PLAIN, "--data-dir", tmp_path / "whole")
        days, whole, before = (suntap("export", "days", "--data-dir", tmp_path / folder).out
                               for folder in ("data", "whole", "alone"))
        assert days == whole and len(before.splitlines()) > 1
    else:
        assert alone.out and result.out == suntap(name, PLAIN, kernel, "--data-dir", tmp_path).out


@pytest.mark.parametrize("name", ["records", "streams"])
def test_a_file_that_is_no_capture_costs_no_other(name, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("not a capture\n" * 10)
    result = suntap(name, file, PLAIN, "--data-dir", tmp_path)
    refused(result, 2, "notes.txt")
    assert result.out == suntap(name, PLAIN, "--data-dir", tmp_path).out


def test_a_settings_file_that_is_wrong_is_one_line_for_every_command_that_needs_it(tmp_path):
    config = tmp_path / "suntap.toml"
    config.write_text("[web]\nport = 'eighty'\n")
    for arguments in (["status"], ["import", PLAIN], ["push"], ["run"], ["run", "capture"], ["run", "supervisor"],
                      ["run", "web"], ["export", "days"], ["rebuild"], ["records", PLAIN], ["reset-password"]):
        refused(suntap(*arguments, "--config", config), 2, str(config), "web.port", "1 to 65535")


def test_a_settings_file_that_is_named_and_not_there_is_one_line(tmp_path):
    refused(suntap("status", "--config", tmp_path / "none.toml"), 2, "none.toml", "--config")
    for arguments in (["status"], ["run", "capture"], ["records", PLAIN], ["export", "days"]):
        refused(suntap(*arguments, SUNTAP_CONFIG=str(tmp_path / "none.toml")), 2, "none.toml", "$SUNTAP_CONFIG")


def test_a_folder_where_a_settings_file_should_be_is_one_line(tmp_path):
    refused(suntap("status", "--config", tmp_path), 2, str(tmp_path), "a folder, not a settings file")
    refused(suntap("status", SUNTAP_CONFIG=str(tmp_path)), 2, str(tmp_path), "a folder, not a settings file")


def test_the_settings_file_may_come_from_the_environment(tmp_path):
    config = tmp_path / "suntap.toml"
    config.write_text("[web]\nport = 0\n")
    refused(suntap("status", SUNTAP_CONFIG=str(config)), 2, "web.port")


def test_a_port_in_use_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        config = tmp_path / "suntap.toml"
        config.write_text(f'[web]\nhost = "127.0.0.1"\nport = {other.getsockname()[1]}\n')
        result = suntap("run", "web", "--config", config, "--data-dir", tmp_path / "data")
    assert result.code == 1 and result.err.count("\n") == 1
    assert "in use" in result.err and "web.port" in result.err


def test_a_data_directory_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    refused(suntap("import", PLAIN, "--data-dir", tmp_path / "file" / "data"), 1, "data directory", "--data-dir")


def test_a_full_disk_behind_the_output_is_one_line():
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command("records", PLAIN), stdout=full, stderr=subprocess.PIPE, env=environment(),
                              check=False)
    assert done.returncode == 1
    assert done.stderr.decode() == "suntap: output: No space left on device\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_are_no_error_and_nothing_else_takes_their_place(closed, tmp_path):
    def shell(*arguments: object) -> subprocess.CompletedProcess[bytes]:
        words = command(*arguments, "--data-dir", tmp_path / "data")
        return subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", *words], capture_output=True, check=False,
                              env=environment(), timeout=LIMIT_S)

    assert shell("records", PLAIN).returncode == 0
    assert shell("import", PLAIN).returncode == 0
    failed = shell("records", tmp_path / "none.pcap")
    assert failed.returncode == 2 and failed.stdout == b""
    assert len(suntap("export", "days", "--data-dir", tmp_path / "data").out.splitlines()) > 1


def writer_of(fifo):
    """A descriptor of the other end; None as long as nobody reads."""
    with suppress(OSError):
        return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)


def test_ctrl_c_in_the_middle_of_work_leaves_no_traceback(tmp_path):
    fifo = tmp_path / "fifo.pcap"
    os.mkfifo(fifo)
    reader = subprocess.Popen(command("records", fifo), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment())
    writer = wait_for(lambda: writer_of(fifo))
    os.kill(reader.pid, signal.SIGINT)
    os.close(writer)        # a read that waits returns
    _, err = reader.communicate(timeout=LIMIT_S)
    assert b"Traceback" not in err and reader.returncode != 0
