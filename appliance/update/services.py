"""The units under systemd, and the definition of "healthy" for a new version.

Healthy: for SETTLED_S without a restart, all units are active (the supervisor process has sent READY) and the page
answers. The content of the answer does not count: the new version does not cause a missing PVS. If a unit has ended by
itself ENDS times, the wait stops.
"""
import subprocess
import time
from http.client import HTTPConnection, HTTPException

from appliance.settings import EVERYWHERE, Web

UNITS = ("suntap-capture.service", "suntap-supervisor.service", "suntap-web.service", "suntap-collector.service",
         "suntap-redirect.service")
LIMIT_S = 120.0
SETTLED_S = 20.0
ENDS = 4
PAUSE_S = 2.0


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

    def healthy(self) -> bool:
        """Wait until the units have worked for SETTLED_S, at most LIMIT_S. Returns False if they have not."""
        end = time.monotonic() + LIMIT_S
        since, processes = time.monotonic(), ""
        while time.monotonic() < end and self._ends() < ENDS:
            now = self._processes()
            if not now or now != processes or not self._answers():
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
        """Return the largest number of restarts of any unit since start(), which resets the count (reset-failed)."""
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
