"""Every command in the owners' texts is run as it stands; where it would need hardware, root's rights or a registry,
what it names is looked up instead. A command that nothing here knows how to hold is a failure."""
import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from shutil import copyfile

import pytest

from appliance import cli, settings, store
from appliance.system.clock import Clock
from tests.cli.command import CAPTURES, environment
from tests.docs.texts import ROOT, TEXTS, Command, commands
from tests.outputs.engines import needs
from tests.ports import free_port
from tests.web.conftest import running
from webui import create_app
from webui.security import tokens
from webui.server import listen

LIMIT_S = 120
PARSED = {"run", "demo", "push", "update"}      # need hardware, run for ever, or talk to PVOutput
MAY_FAIL = {"doctor", "status"}                 # exit code 1: something is missing on this machine
DEB = ROOT / "image" / "deb" / "debian"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands of one text run: a settings file, an empty history, a capture, a release's checksums."""
    settings.update(tmp_path / "suntap.toml", {"store.data_dir": tmp_path / "data", "web.port": free_port()})
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("SUNTAP_CONFIG", str(tmp_path / "suntap.toml"))
    copyfile(CAPTURES / "kernel.pcap", tmp_path / "capture.pcap")
    (tmp_path / "image").write_bytes(b"an image")
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(b'an image').hexdigest()}  image\n")
    return tmp_path


def run(words: list[str], home: Path, allowed: tuple[int, ...] = (0,)) -> str:
    """Its output."""
    done = subprocess.run(words, cwd=home, capture_output=True, text=True, timeout=LIMIT_S, check=False,
                          env=environment(SUNTAP_CONFIG=str(home / "suntap.toml")))
    assert done.returncode in allowed, (words, done.stdout[-500:], done.stderr[-2000:])
    return done.stdout + done.stderr


def suntap(words: list[str], home: Path) -> None:
    """In this process: a start of Python for each would take longer than all of them."""
    name = words[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        if name in PARSED or "-i" in words:
            patch.setattr(import_module(f"appliance.cli.{cli.MODULES.get(name, name)}"), "run", lambda _args: 0)
        assert cli.main(words[1:]) in ((0, 1) if name in MAY_FAIL else (0,)), words


def the_script(words: list[str], _home: Path) -> None:
    """A command of `./run`."""
    assert words[1] in re.findall(r"^  (\w+) ", subprocess.run(
        [ROOT / "run"], capture_output=True, text=True, check=True).stdout, re.M)


def tcpdump(words: list[str], home: Path) -> None:
    """Its options and its filter, on a capture instead of a socket."""
    source = words.index("-i")
    copyfile(CAPTURES / "kernel.pcap", home / "wire")
    run([needs("tcpdump", "tcpdump"), *words[1:source], "-Z", "root", "-r", "wire", *words[source + 2:]], home)


def package(words: list[str], _home: Path) -> None:
    """The file is named as the build names it."""
    assert words[1] == "install"
    assert "suntap_${version}_$arch.deb" in (ROOT / "image/deb/build.sh").read_text()
    assert words[2] == "./suntap_VERSION_ARCH.deb"


def bridge_setup(words: list[str], home: Path) -> None:
    described = run([sys.executable, str(DEB / "bridge-setup"), "--help"], home)
    assert all(option in described for option in words[1:])


def units(words: list[str], _home: Path) -> None:
    """systemd's units exist in the package."""
    named = [word for word in words if word.startswith("suntap-")]
    assert named and all((DEB / f"suntap.{name}.service").exists() for name in named)


def build_script(words: list[str], home: Path) -> None:
    assert words[1] in run([str(ROOT / words[0])], home, (1, 2))      # its usage


def podman(words: list[str], _home: Path) -> None:
    """Names and paths are those that the image's build gives."""
    recipe = (ROOT / "image/oci/build.sh").read_text()
    assert words[1] in ("load", "run")
    if words[1] == "load":
        assert words[2:] == ["-i", "suntap_VERSION_amd64.oci.tar"] and "suntap_${version}_$arch.oci.tar" in recipe
    else:
        volume = words[words.index("-v") + 1].split(":")[1]
        assert words[-1] == "localhost/suntap" and ".oci.tar" in recipe and '"oci-archive:$out:suntap"' in recipe
        assert f"--volume {volume} " in recipe


KNOWN: dict[str, Callable[[list[str], Path], None]] = {
    "suntap": suntap, ".venv/bin/suntap": suntap, "./run": the_script, "tcpdump": tcpdump, "apt": package,
    "suntap-bridge-setup": bridge_setup, "journalctl": units, "systemctl": units, "podman": podman,
    "image/oci/build.sh": build_script, "sha256sum": lambda words, home: run(words, home) and None,
}


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)
def test_every_command_of_a_text_does_what_the_text_says(text: Path, home: Path) -> None:
    for found in commands(text):
        words = found.words
        if words[0] != "curl":
            assert words[0] in KNOWN, f"{text.name}: nothing here holds `{found.line}`"
            KNOWN[words[0]](words, home)


@pytest.fixture
def page(home: Path) -> Iterator[tuple[int, str]]:
    """The page with a private dashboard: its port, and a token."""
    token, entry = tokens.make("docs")
    settings.update(home / "suntap.toml", {"web.tokens": [entry], "site.timezone": "America/Los_Angeles"})
    store.connect(home / "data").close()
    app = create_app(home / "suntap.toml", home / "data", Clock())
    app.extensions["suntap-auth"].set_password("correct horse battery")
    server = listen(app, "127.0.0.1", 0)
    with running(server):
        yield server.effective_port, token


def test_every_curl_of_the_texts_gets_an_answer(page: tuple[int, str], home: Path) -> None:
    port, token = page
    asked = [found for text in TEXTS for found in commands(text) if found.words[0] == "curl"]
    assert len(asked) >= 5
    curl = needs("curl", "curl")
    for found in asked:
        words = [word.replace("TOKEN", token) for word in found.words[1:]]
        status = run([curl, "--silent", "--output", str(home / "answer"), "--write-out", "%{http_code}",
                      "--noproxy", "*", "--connect-to", f"suntap.local:80:127.0.0.1:{port}", *words], home)
        assert status == "200" or ("healthz" in found.line and status == "503"), (found.line, status)


def test_a_command_that_is_wrong_fails(home: Path) -> None:
    for line in ("suntap export nights", "suntap push --everything", "systemctl status suntap-sun"):
        with pytest.raises(AssertionError):
            KNOWN[line.split()[0]](Command(home, line).words, home)
