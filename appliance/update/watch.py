"""The daily look at the owner's update address: a thread of the supervisor process, beside its loop.

Invariants: nobody is asked without an address; nothing is installed; what fails here is one line in the news.
"""
import logging
from pathlib import Path
from threading import Event, Thread

from appliance.health import news
from appliance.settings.live import LiveSettings
from appliance.system.clock import Clock, is_set
from appliance.update import look
from appliance.update.bundle import UpdateError

STEP_S = 20.0           # between two looks at settings and clock
END_S = 2.0             # for the thread when the process ends

log = logging.getLogger(__name__)


class Watch:
    """Runs inside the with-block."""

    def __init__(self, live: LiveSettings, public_key: Path, clock: Clock) -> None:
        self._live, self._key, self._clock = live, public_key, clock
        self._stop = Event()
        self._thread = Thread(target=self._run, name="update-watch", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(END_S)

    def step(self) -> bool:
        """Ask the address if that is due; whether it was asked."""
        self._live.refresh()
        url, data_dir = self._live.current.update.url, self._live.current.store.data_dir
        before = news.read(data_dir)
        if not look.is_due(before, url, self._clock.time()) or not is_set():
            return False
        now = look.at(url, self._key, before, self._clock)
        look.remember(data_dir, now)
        if now.problem and now.problem != before.problem:
            log.warning("update address: %s (asked again later)", now.problem)
        return True

    def _run(self) -> None:
        while not self._stop.wait(STEP_S):
            try:
                self.step()
            except Exception as error:  # the thread goes on
                log.warning("update address: %s", error, exc_info=not isinstance(error, UpdateError))
                self._stop.wait(look.FIRST_WAIT_S)
