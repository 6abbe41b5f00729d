"""Reloading of a settings file that changes while a process runs: all of it or nothing, without a restart.

Invariant: `current` is always valid. An invalid file changes only `problem`.
"""
import logging
from pathlib import Path

from appliance import settings

log = logging.getLogger(__name__)


class LiveSettings:
    """The settings in `path`, checked for changes by refresh(). `data_dir` (--data-dir) overrides the file's."""

    def __init__(self, path: Path, data_dir: str | Path | None = None) -> None:
        self.path = path
        self._seen = self._signature()
        self.problem = ""
        self.current = settings.load(path).with_data_dir(data_dir)
        self._tell_unknown()

    def refresh(self) -> bool:
        """Load the file again if it changed. Returns True if the settings are now different.

        The data directory stays as it was at start: databases do not move under a running process.
        """
        signature = self._signature()
        if signature == self._seen:
            return False
        self._seen = signature
        try:
            loaded = settings.load(self.path).with_data_dir(self.current.store.data_dir)
        except settings.SettingsError as error:
            self.problem = str(error)
            log.warning("%s (going on with the settings from before)", error)
            return False
        if self.problem:
            log.info("%s: right again", self.path)
        self.problem = ""
        changed, self.current = loaded != self.current, loaded
        if changed:
            self._tell_unknown()
        return changed

    def _tell_unknown(self) -> None:
        for line in settings.unknown_keys(self.current):
            log.warning("%s: %s", self.path, line)

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size
