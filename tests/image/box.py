"""The machine with its home: what a test of the booted image asks it."""
from typing import Any

from tests.image.conftest import COLLECTOR, PVOUTPUT_PORT, Home
from tests.image.machine import wait_for
from tests.image.namespaces import Namespace
from tests.image.visit import Browser
from tests.image.vm import Hung, Vm

PASSWORD = "correct horse battery"
API_KEY = "00000000000000000000000000000000feedbeef"
UNITS = ("suntap-capture", "suntap-supervisor", "suntap-web", "suntap-collector", "suntap-redirect")
# The service's address must be encrypted or on this machine: a relay inside the box leads to the simulated PVOutput.
RELAY = (f"systemd-run --quiet --no-block --unit=test-relay --socket-property=ListenStream=127.0.0.1:{PVOUTPUT_PORT} "
         f"/lib/systemd/systemd-socket-proxyd {COLLECTOR}:{PVOUTPUT_PORT}")
MAX_HANGS = 3       # of the emulator, which count as no try


class Box:
    """The machine with its home, asked from one side of it. A boot is retried once."""

    def __init__(self, vm: Vm, home: Home, side: Namespace, fixed_address: str = "") -> None:
        self.vm, self.home, self.side, self.fixed_address = vm, home, side, fixed_address

    def address(self) -> str:
        """The box's own, or the one that the router has given it; empty before."""
        return self.fixed_address or self.home.lease()

    def browser(self) -> Browser:
        return Browser(self.side, self.address())

    def boot(self, **how: Any) -> None:
        """Power on (`how`: Vm.start()'s), until the box has its address and captures."""
        retries, hangs = 1, MAX_HANGS
        while True:
            self.home.leases.write_text("")
            try:
                self.vm.start(**{"cables": self.home.cables, **how})
                wait_for("an address", self.vm.unless_hung(self.address), 420)
                wait_for("capture", self.vm.unless_hung(lambda: self.works("suntap-capture")), 420)
                break
            except TimeoutError as error:
                self.vm.cut_power()
                if isinstance(error, Hung):
                    hangs -= 1
                else:
                    retries -= 1
                if retries < 0 or hangs < 0:
                    raise
                print(f"booted again, as {error}")
        self.relay()

    def relay(self) -> None:
        """Lead to the simulated PVOutput, from now on."""
        self.vm.run(RELAY)

    def wait_running(self, seconds: float = 420) -> None:
        """The page answers, and each of the processes has said that it works."""
        wait_for("the page", lambda: self.answers("/healthz"), seconds)
        for unit in UNITS:
            wait_for(unit, lambda unit=unit: self.works(unit), seconds)

    def works(self, unit: str) -> bool:
        """Whether the heartbeat file is by a process of the unit: asked often, so without systemctl, which costs the
        emulated machine half a second."""
        file = f"/run/{unit}/{unit.removeprefix('suntap-')}-status.json"
        question = f"""pid=$(sed -n 's/.*"pid": \\([0-9]*\\).*/\\1/p' {file}) && [ "$pid" ] || {{ echo no; exit; }}
grep -qx "$pid" /sys/fs/cgroup/system.slice/{unit}.service/cgroup.procs || echo no"""
        return not self.vm.run(question, check=False)

    def answers(self, path: str, address: str = "") -> bool:
        try:
            return Browser(self.side, address or self.address()).request("GET", path)[0] in (200, 302, 503)
        except (OSError, IndexError, ValueError):
            return False

    def readings(self) -> int:
        return self.query("suntap.sqlite3", "SELECT count(*) FROM reading WHERE number IN (130, 140)")

    def uploads(self) -> int:
        return self.query("inbox.sqlite3", "SELECT count(*) FROM upload")

    def query(self, file: str, sql: str) -> int:
        """One number from a database inside; -1 while it cannot be read."""
        script = f"""import sqlite3
print(sqlite3.connect("file:/var/lib/suntap/{file}?mode=ro", uri=True).execute("{sql}").fetchone()[0])"""
        return int(self.vm.run(f"python3 -IS -c '{script}' 2> /dev/null", check=False).strip() or -1)


def owner(box: Box) -> Browser:
    """A browser that is logged in."""
    browser = box.browser()
    browser.submit("/login", password=PASSWORD)
    return browser


def shows(browser: Browser, text: str) -> bool:
    """Whether the settings page says so; not while it is away."""
    try:
        return text in browser.get("/settings")
    except (OSError, IndexError, ValueError, AssertionError):
        return False
