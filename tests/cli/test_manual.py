"""The manual page names every command in its words, and the shell completes commands and options."""
import re
import subprocess
from pathlib import Path

from appliance.cli import COMMANDS
from tests.cli.command import ROOT, command, environment

DEBIAN = ROOT / "image" / "deb" / "debian"


def test_the_manual_page_has_every_command_in_its_words() -> None:
    text = (DEBIAN / "suntap.1").read_text().replace("\\-", "-")
    section = text.split(".SH COMMANDS\n")[1].split(".SH ")[0]
    assert dict(re.findall(r"\.TP\n\.B ([a-z-]+)\n(.+)\n", section)) == COMMANDS, \
        "image/deb/debian/suntap.1: bring its section COMMANDS up to appliance.cli.COMMANDS"


def complete(tmp_path: Path, *words: str) -> list[str]:
    """What bash offers for the last of these words."""
    program = tmp_path / "suntap"
    program.write_text(f'#!/bin/sh\nexec {" ".join(command())} "$@"\n')
    program.chmod(0o755)
    script = (f'. "{DEBIAN / "suntap.bash-completion"}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _suntap;'
              ' printf "%s\\n" "${COMPREPLY[@]}"')
    path = f"{tmp_path}:/usr/bin:/bin"
    done = subprocess.run(["bash", "-c", script, "bash", *words], env=environment(PATH=path), capture_output=True,
                          text=True, check=True, cwd=tmp_path)
    return done.stdout.split()


def test_bash_completes_commands_options_and_files(tmp_path: Path) -> None:
    assert complete(tmp_path, "suntap", "re") == [name for name in COMMANDS if name.startswith("re")]
    assert "--from" in complete(tmp_path, "suntap", "export", "--f")
    (tmp_path / "a.pcap").touch()
    assert complete(tmp_path, "suntap", "import", "a.") == ["a.pcap"]
