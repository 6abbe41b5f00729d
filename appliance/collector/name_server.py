"""The name server for the one name: a dnsmasq that says where the kernel's redirection catches the PVS.

Only questions of the PVS's port for exactly this name are brought to it (redirect); it knows nothing else and asks
nobody. Its answer lives for seconds only, so that handing the place back is a matter of less than a minute. It is a
child of the collector process, without a right, and ends with it.
"""
import ctypes
import logging
import os
import shutil
import signal
import socket
import subprocess
from contextlib import suppress

from appliance.collector import NAME, REDIRECTED
from appliance.collector.dns import addresses, query

TTL_S = 15
PROOF_S = 1.0           # for the answer to the process's own question
START_S = 3.0
WORDS = 1000            # bytes read of what it says where it cannot start
MISSING = "dnsmasq is not installed: apt install dnsmasq-base"
PLACES = "/usr/sbin:/sbin:/usr/bin:/usr/local/sbin"
PR_SET_PDEATHSIG = 1    # prctl(2); setpriv(1) would ask for capset, which the unit's filter forbids

log = logging.getLogger(__name__)


def program() -> str:
    """dnsmasq's path; "" where it is not installed."""
    return shutil.which("dnsmasq", path=f"{os.environ.get('PATH', '')}:{PLACES}") or ""


class Names:
    """dnsmasq on a UDP port of its own. `problem`: why it does not answer."""

    def __init__(self, port: int) -> None:
        self.port, self.problem, self.restarts = port, "", -1
        self._process: subprocess.Popen[bytes] | None = None

    def look_after(self) -> bool:
        """Start it where it does not run, end it where it does not answer; whether it answers now."""
        if self._process is not None and self._process.poll() is None and self._answers(PROOF_S):
            self.problem = ""
            return True
        self.close()
        self._start()
        if self._process is None:
            return False
        works = self._answers(START_S)
        self.problem = "" if works else self._last_words() or f"dnsmasq does not answer on port {self.port}"
        return works

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stderr.close()    # type: ignore[union-attr]
            self._process = None

    def _last_words(self) -> str:
        """What it said when it ended at once; "" where it runs."""
        if self._process is None or self._process.poll() is None:
            return ""
        said = self._process.stderr.read1(WORDS).decode(errors="replace").strip()    # type: ignore[union-attr]
        return said.splitlines()[-1] if said else f"dnsmasq ended at once, with exit code {self._process.returncode}"

    def _start(self) -> None:
        path = program()
        if not path:
            self.problem = MISSING
            return
        options = [f"--port={self.port}", f"--address=/{NAME}/{REDIRECTED}", f"--local=/{NAME}/",
                   f"--local-ttl={TTL_S}", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                   "--no-poll", "--cache-size=0", "--local-service", "--pid-file=", "--log-facility=/dev/null"]
        user, group, groups = ("nobody", "nogroup", ()) if os.geteuid() == 0 else (None, None, None)
        try:    # another user first, not by dnsmasq: a change of user forgets the signal
            self._process = subprocess.Popen(
                [path, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                user=user, group=group, extra_groups=groups, preexec_fn=_end_with_parent)
            self.restarts += 1
        except OSError as error:
            self.problem = f"{path}: {error.strerror}"

    def _answers(self, within_s: float) -> bool:
        """Whether it says what it should: asked as the PVS asks."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel, suppress(OSError, ValueError):
            channel.settimeout(within_s / 10)
            channel.connect(("127.0.0.1", self.port))
            for _ in range(10):
                with suppress(TimeoutError, ConnectionRefusedError):
                    channel.send(query(NAME, 1))
                    return [address for address, _ in addresses(channel.recv(512))] == [REDIRECTED]
                with suppress(subprocess.TimeoutExpired, AttributeError):
                    self._process.wait(within_s / 20)   # type: ignore[union-attr]
        return False


_prctl = ctypes.CDLL(None, use_errno=True).prctl


def _end_with_parent() -> None:
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
