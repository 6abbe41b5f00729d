"""`python -m appliance.cli`: how one process of suntap starts another, with the same exit codes."""
import subprocess
import sys

from appliance.errors import DONE, USAGE
from tests.cli.command import ROOT, environment


def test_the_module_is_the_command_and_gives_its_exit_code() -> None:
    for arguments, code, word in ((["--version"], DONE, "suntap "), (["swim"], USAGE, "unknown command")):
        done = subprocess.run([sys.executable, "-m", "appliance.cli", *arguments], capture_output=True, text=True,
                              env=environment(), cwd=ROOT, check=False)
        assert done.returncode == code and word in done.stdout + done.stderr
