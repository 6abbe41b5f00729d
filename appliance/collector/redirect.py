"""The redirect process: brings the PVS's connections to the stand-in, as long as that says it wants them.

Theory: a loop of STEP_S. The collector process's heartbeat says what is wanted; while it is younger than YOUNG_S the
elements of the kernel's sets are renewed (rules), otherwise they go at once. This process has CAP_NET_ADMIN and does
nothing but this: it reads one small file, asks the kernel which port is the PVS's, and feeds nft. What the file says is
checked here, as it comes from the process that talks to the PVS.
"""
import ipaddress
import logging
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from appliance.collector import nft_rules, pvs_port
from appliance.collector.liveness import is_public
from appliance.system import heartbeat
from appliance.system.heartbeat import Heartbeat
from appliance.system.sd_notify import notify

STEP_S = 2.0
YOUNG_S = 12.0          # the collector process beats every 3 s
MAX_ADDRESSES = 16
NFT_TIMEOUT_S = 5
PLACES = "/usr/sbin:/sbin:/usr/bin:/usr/local/sbin"
MISSING = "nft is not installed: apt install nftables"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """What the collector process asks for: connections to `addresses` from the PVS's port of `interface`."""

    interface: str
    port: int
    names_port: int         # 0: no name server of ours answers
    addresses: tuple[str, ...]

    @staticmethod
    def parse(found: Mapping[str, Any]) -> "Wanted":
        """From the heartbeat. Raises ValueError, KeyError, TypeError: no port, interface or address of the kind."""
        ports = [found["port"], found["names_port"]]
        if not re.fullmatch(r"[\w.:-]{1,15}", found["interface"]):
            raise ValueError("interface")
        if not all(isinstance(port, int) and (port == 0 or 1024 <= port <= 65535) for port in ports) or not ports[0]:
            raise ValueError("port")
        addresses = tuple(str(ipaddress.IPv4Address(one)) for one in found["addresses"])
        if not 0 < len(addresses) <= MAX_ADDRESSES or not all(map(is_public, addresses)):
            raise ValueError("addresses")
        return Wanted(found["interface"], ports[0], ports[1], addresses)


class RedirectProcess:
    """The loop. `stop` ends it, and nothing of it stays in the kernel."""

    def __init__(self, data_dir: Path, stop: Event) -> None:
        self.data_dir, self.stop = data_dir, stop
        self.heartbeat = Heartbeat("redirect", data_dir)
        self.counters = {"renewed": 0, "let_go": 0, "errors": 0}
        self.problem = ""
        self.pvs = ""
        self._installed: tuple[str, int, int] | None = None
        self._active = False

    def run(self) -> None:
        """Renew while it is wanted, until `stop` is set."""
        self._forget()
        notify("READY=1")
        while not self.stop.is_set():
            self.step()
            self.heartbeat.beat(active=self._active, pvs_port=self.pvs, problem=self.problem, counters=self.counters)
            self.stop.wait(STEP_S)
        notify("STOPPING=1")
        self._forget()

    def step(self) -> None:
        """Renew the elements, or let go."""
        wanted = self._wanted()
        if wanted is None:
            self.problem = ""
            self._let_go()
            return
        try:
            self.pvs = pvs_port.find(wanted.interface)
            self._renew(wanted)
        except pvs_port.NoPort as error:
            self._failed(str(error))
            self.pvs = ""
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", None) or b"").decode("utf-8", "replace").strip().splitlines()
            self._installed = None
            self._failed(f"nft: {said[0] if said else error}" if program() else MISSING)

    def _wanted(self) -> Wanted | None:
        last = heartbeat.read("collector", self.data_dir)
        if not last or last["age_s"] > YOUNG_S or not isinstance(last.get("wanted"), dict):
            return None
        try:
            return Wanted.parse(last["wanted"])
        except (KeyError, TypeError, ValueError) as error:
            log.warning("the collector process asks for what is not given: %s", error)
            return None

    def _renew(self, wanted: Wanted) -> None:
        rules_for = pvs_port.mac(wanted.interface), wanted.port, wanted.names_port or 1
        script = "" if rules_for == self._installed else nft_rules.install(*rules_for)
        _nft(script + nft_rules.renew(self.pvs, wanted.addresses, bool(wanted.names_port)))
        if not self._active:
            log.info("%s: connections to %s come to the stand-in", self.pvs, ", ".join(wanted.addresses))
        self._installed, self._active, self.problem = rules_for, True, ""
        self.counters["renewed"] += 1

    def _let_go(self) -> None:
        if not self._active:
            return
        self._active = False
        self.counters["let_go"] += 1
        log.info("let go: connections of the PVS go to the router again")
        try:
            _nft(nft_rules.let_go())
        except (OSError, subprocess.SubprocessError):   # then the timeout does it
            self._installed = None
            self.counters["errors"] += 1

    def _failed(self, text: str) -> None:
        if text != self.problem:
            log.warning("%s", text)
        self.problem = text
        self.counters["errors"] += 1
        self._let_go()

    def _forget(self) -> None:
        """Nothing of ours in the kernel."""
        self._installed, self._active = None, False
        try:
            _nft(nft_rules.remove())
        except (OSError, subprocess.SubprocessError) as error:
            log.debug("nothing to remove: %s", error)


def program() -> str:
    """nft's path; "" where it is not installed."""
    found = (f"{place}/nft" for place in PLACES.split(":"))     # shutil.which would take 0.5 MB
    return next((path for path in found if os.access(path, os.X_OK)), "")


def _nft(script: str) -> None:
    """One transaction: all of it or nothing. Raises OSError, SubprocessError."""
    subprocess.run(["nft", "-f", "-"], input=script.encode(), check=True, timeout=NFT_TIMEOUT_S, capture_output=True,
                   env={**os.environ, "PATH": PLACES})
