"""The units under systemd, and the definition of "healthy" for a new system.

Healthy: for SETTLED_S without a restart, all units are active (the supervisor process has sent READY), the page
answers, and the bridge forwards. The content of the answer does not count: the new system does not cause a missing PVS.
The bridge has to have as many ports as before; one with a carrier has to forward, one without waits for its cable, as
it did before. If a unit has ended by itself ENDS times, the wait stops.
"""
import subprocess
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from appliance.settings import EVERYWHERE, Web

UNITS = ("suntap-capture.service", "suntap-supervisor.service", "suntap-web.service", "suntap-collector.service",
         "suntap-redirect.service")
NETWORK = Path("/sys/class/net")
BRIDGE = "br0"          # of the image
FORWARDING = "3"        # BR_STATE_FORWARDING in linux/if_bridge.h
LIMIT_S = 300.0
SETTLED_S = 20.0
ENDS = 4
PAUSE_S = 2.0


def ports() -> int:
    """Return how many ports the bridge has."""
    return len(list((NETWORK / BRIDGE / "brif").glob("*")))


def forwards(at_least: int) -> bool:
    """Whether the bridge has at least so many ports, and forwards between those whose cable is plugged in."""
    found = [path.name for path in (NETWORK / BRIDGE / "brif").glob("*")]
    return len(found) >= at_least and all(
        _text(NETWORK / BRIDGE / "brif" / port / "state") == FORWARDING for port in found
        if _text(NETWORK / port / "carrier") == "1")


class Systemd:
    """The services as systemd units. `web`: address and port of the page."""

    def __init__(self, web: Web) -> None:
        self.host = "localhost" if web.host in EVERYWHERE else web.host
        self.port = web.port

    def stop(self) -> None:
        subprocess.run(["systemctl", "stop", *UNITS], check=False)

    def start(self) -> None:
        subprocess.run(["systemctl", "reset-failed", *UNITS], check=False)
        subprocess.run(["systemctl", "start", "--no-block", *UNITS], check=False)

    def healthy(self, ports: int) -> bool:
        """Wait until the units have worked for SETTLED_S, and the bridge with at least so many ports forwards, at most
        LIMIT_S. Returns False if they have not."""
        end = time.monotonic() + LIMIT_S
        since, processes = time.monotonic(), ""
        while time.monotonic() < end and self._ends() < ENDS:
            now = self._processes()
            if not now or now != processes or not forwards(ports) or not self._answers():
                since, processes = time.monotonic(), now
            elif time.monotonic() - since >= SETTLED_S:
                return True
            time.sleep(PAUSE_S)
        return False

    def _processes(self) -> str:
        """Return the states and main pids of the units; "" unless all are active."""
        done = subprocess.run(["systemctl", "show", "--property=ActiveState,MainPID", *UNITS],
                              capture_output=True, text=True, check=False)
        return done.stdout if done.stdout.count("ActiveState=active") == len(UNITS) else ""

    def _ends(self) -> int:
        """Return the largest number of restarts of any unit since the box started, or start() reset it."""
        done = subprocess.run(["systemctl", "show", "--property=NRestarts", "--value", *UNITS],
                              capture_output=True, text=True, check=False)
        return max((int(line) for line in done.stdout.split() if line.isdigit()), default=0)

    def _answers(self) -> bool:
        connection = HTTPConnection(self.host, self.port, timeout=10)
        try:
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            return connection.getresponse().status in (200, 503)
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def _text(path: Path) -> str:
    """The content of a file of sysfs; "" where it cannot be read, as the carrier of a card that is down."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
