"""The threads of the outputs: one for each that is switched on, started and stopped as the settings change.

Invariants: apply() and status() never wait, whatever the other sides do. Two threads of one output never work at the
same time: a new one first waits for the one before it. A thread ends only when it is told to.
"""
import logging
import random
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Any

from appliance import store
from appliance.outputs.contract import Context, Facts, Output, OutputError
from appliance.settings import Settings
from appliance.system.clock import Clock

BACKOFF_S = 5.0         # after the first failure; doubled with each further one
LONGEST_S = 900.0
END_S = 5.0             # for all threads together when the process ends

log = logging.getLogger(__name__)

Factory = Callable[[Context], Output]


def _lines(context: Context) -> Output:
    from appliance.outputs.lines import LinesOutput
    return LinesOutput(context)


def _mqtt(context: Context) -> Output:
    from appliance.outputs.mqtt import MqttOutput
    return MqttOutput(context)


def _notify(context: Context) -> Output:
    from appliance.outputs.notify import NotifyOutput
    return NotifyOutput(context)


FACTORIES: Mapping[str, Factory] = {"lines": _lines, "mqtt": _mqtt, "notify": _notify}


def wanted(settings: Settings) -> dict[str, object]:
    """The outputs that are switched on → all settings that they depend on."""
    return {name: (getattr(settings, name), settings.site)
            for name in FACTORIES if getattr(settings, name).url}


class Runner:
    """The outputs of one data directory."""

    def __init__(self, data_dir: Path, clock: Clock, facts: Callable[[], Facts] = Facts,
                 factories: Mapping[str, Factory] = FACTORIES) -> None:
        self._data_dir, self._clock, self._facts, self._factories = data_dir, clock, facts, factories
        self._running: dict[str, Worker] = {}
        self._ending: list[Worker] = []

    def apply(self, settings: Settings) -> None:
        """Run what these settings want, and nothing else."""
        needed = wanted(settings)
        for name, worker in list(self._running.items()):
            if needed.get(name) != worker.needs:
                worker.stop.set()
                self._ending.append(self._running.pop(name))
        self._ending = [worker for worker in self._ending if worker.thread.is_alive()]
        for name, needs in needed.items():
            if name not in self._running:
                before = [worker.thread for worker in self._ending if worker.name == name]
                self._running[name] = Worker(name, needs, self._factories[name], self._context(settings), before,
                                             self._data_dir)

    def _context(self, settings: Settings) -> Callable[[sqlite3.Connection, Event], Context]:
        return lambda connection, stop: Context(connection, settings, self._clock, self._facts, stop)

    def status(self) -> dict[str, dict[str, Any]]:
        """name → {"problem": one line or "", "since": of the last success in UTC seconds or null, counters}."""
        return {name: dict(worker.status) for name, worker in self._running.items()}

    def close(self) -> None:
        """End all threads, waiting for at most END_S; one that hangs ends with the process."""
        everyone = [*self._running.values(), *self._ending]
        for worker in everyone:
            worker.stop.set()
        for worker in everyone:
            worker.thread.join(END_S / max(1, len(everyone)))
        self._running.clear()


class Worker:
    """One output's thread."""

    def __init__(self, name: str, needs: object, factory: Factory,
                 context: Callable[[sqlite3.Connection, Event], Context], before: list[Thread], data_dir: Path) -> None:
        self.name, self.needs = name, needs
        self.stop = Event()
        self.status: dict[str, Any] = {"problem": "", "since": None}
        self._factory, self._context, self._before, self._data_dir = factory, context, before, data_dir
        self.thread = Thread(target=self._run, name=f"output-{name}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        for thread in self._before:
            thread.join()
        failures = 0
        while not self.stop.is_set():
            try:
                with closing(store.connect(self._data_dir)) as connection:
                    context = self._context(connection, self.stop)
                    context.status = self.status
                    failures = self._serve(context, failures)
            except Exception as error:      # the store, or the output could not even be made
                failures = self._failed(error, failures)

    def _serve(self, context: Context, failures: int) -> int:
        """Step after step until told to stop; the number of failures in a row when the store itself failed."""
        output = self._factory(context)
        try:
            while not self.stop.is_set():
                try:
                    seconds = output.step()
                except sqlite3.Error:
                    raise
                except Exception as error:
                    failures = self._failed(error, failures)
                    continue
                if failures:
                    log.info("%s: works again", self.name)
                failures = 0
                self.status.update(problem="", since=int(context.clock.time()))
                output.wait(seconds)
        finally:
            output.close()
        return failures

    def _failed(self, error: Exception, failures: int) -> int:
        """Tell a failure and wait; the number of failures in a row."""
        known = isinstance(error, OutputError | sqlite3.Error | OSError)
        text = str(error) if isinstance(error, OutputError) else f"{type(error).__name__}: {error}"
        if self.status["problem"] != text:
            log.warning("%s: %s (trying again, ever later)", self.name, text, exc_info=not known)
        self.status["problem"] = text
        pause = min(LONGEST_S, BACKOFF_S * 2.0 ** min(failures, 20)) * random.uniform(0.8, 1.2)
        self.stop.wait(max(pause, getattr(error, "wait_s", 0.0)))
        return failures + 1
