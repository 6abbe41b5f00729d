"""From the update file to the restart: check it, write the system to the other slot, put that slot on trial."""
import sqlite3
from collections.abc import Callable
from pathlib import Path

from appliance.health.disk import FULL_BYTES
from appliance.system.plain_tar import Readable
from appliance.update import bundle, databases, fixes
from appliance.update.bundle import Manifest, UpdateError
from appliance.update.trial import Folder, Services, Slots, Trial

PART = "system.raucb"           # in root's folder while it is written to the slot


class Installer:
    """Installs into the card's other slot. `data_dir` holds the databases that a new system may migrate."""

    def __init__(self, folder: Folder, data_dir: Path, slots: Slots, services: Services,
                 ports: Callable[[], int]) -> None:
        self.folder, self.data_dir, self.slots, self.services = folder, data_dir, slots, services
        self.ports = ports

    def install(self, source: Readable, public_key: Path, running: str, architecture: str,
                tell: Callable[[str], None] = lambda text: None, taken: Callable[[], None] = lambda: None) -> str:
        """Install the bundle `source`, restart the box into it and return its version.

        The version must be newer than `running` and fit `architecture`. `tell` receives a sentence before each step;
        `taken` is called once the source is not needed any more. Raises UpdateError if the bundle is refused or could
        not be written: then the services run, and the box goes on with `running`.
        """
        try:
            tell("Checking the file.")
            if self.folder.trial() is not None:
                raise UpdateError("another update is being tried: wait five minutes")
            self.folder.sweep()
            manifest, system = bundle.read(source, public_key)
            self._refuse(manifest, running, architecture)
            tell(f"Taking version {manifest.version} from the file.")
            part = self.folder.root / PART
            try:
                bundle.take(system, manifest, part)
                taken()
                self.slots.write(part, lambda percent: tell(
                    f"Writing version {manifest.version} beside {running}: {percent} %."))
                part.unlink()
                tell(f"Version {manifest.version} is written. The box restarts and tries it.")
                self._hand_over(manifest, running)
            except BaseException:
                self.folder.sweep()
                raise
        except (OSError, sqlite3.Error) as error:
            what = getattr(error, "filename", None) or self.folder.root
            raise UpdateError(f"{what}: {getattr(error, 'strerror', None) or error}: nothing was changed") from error
        return manifest.version

    def _refuse(self, manifest: Manifest, running: str, architecture: str) -> None:
        if manifest.architecture != architecture:
            raise UpdateError(
                f"the update is for {manifest.architecture}, this box is {architecture}: take the other file")
        if not fixes.is_older(running, manifest.version):
            raise UpdateError(f"the update has version {manifest.version}, this box already has {running}")
        needed = manifest.size + databases.size(self.data_dir, manifest.schemas) + FULL_BYTES
        bundle.need_room(self.folder.root, needed)

    def _hand_over(self, manifest: Manifest, running: str) -> None:
        """Stop the services, copy the databases that will be migrated, record the trial, switch, restart."""
        ports = self.ports()
        self.services.stop()
        try:
            databases.keep(self.folder.root, self.data_dir, manifest.schemas)
            self.folder.sync()
            self.folder.remember(Trial(self.slots.other, manifest.version, running, ports))
            self.slots.try_other()
            self.slots.restart()
        except BaseException:
            try:
                self.slots.stay()       # else the trial stays written down: it may still come to be
                self.folder.forget()
            finally:
                self.services.start()
            raise
