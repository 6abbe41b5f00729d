"""Root's side of the page's update button: take the file, install it, report progress and outcome to the page."""
from contextlib import suppress
from pathlib import Path

from appliance.system.handover import CHUNK, Handover, Owner
from appliance.update.bundle import MAX_PACKAGE, UpdateError
from appliance.update.releases import Releases

ROOT = Path("/var/lib/suntap-releases")     # on the image's data partition
KEY = Path("/usr/share/suntap/update-key.pem")
NAME, FILE = "update", "bundle"
MAX_BUNDLE = MAX_PACKAGE + (1 << 20)    # the package, its description and the tar around them


def handover(data_dir: Path, owner: Owner | None = None) -> Handover:
    """Return the handover folder between the page and root's side."""
    return Handover(data_dir, NAME, FILE, owner)


def carry_out(page: Handover, releases: Releases, public_key: Path, running: str, architecture: str) -> str:
    """Install the file that the page received and return its version.

    Raises UpdateError; its text is reported to the page as well.
    """
    page.report(None, "Taking the file.")
    try:
        version = releases.install(_private_copy(page, releases.root), public_key, running, architecture,
                                   lambda text: page.report(None, text))
    except UpdateError as error:
        page.report(False, str(error))
        raise
    except BaseException:
        page.report(False, "the update ended in the middle: the log says why")
        raise
    page.report(True, f"version {version} works and is kept")
    return version


def _private_copy(page: Handover, folder: Path) -> Path:
    """Copy the page's file to a place where only root can change it. The sweep after an update removes the copy."""
    target = folder / "bundle.part"
    try:
        with page.claim() as source, open(target, "wb") as copy:
            size = 0
            while data := source.read(CHUNK):
                size += len(data)
                if size > MAX_BUNDLE:
                    raise UpdateError(f"larger than {MAX_BUNDLE >> 20} MiB: this is no update file")
                copy.write(data)
    except OSError as error:
        raise UpdateError(f"{error.filename or target.name}: {error.strerror}: nothing was changed") from error
    finally:
        with suppress(OSError):
            page.remove()
    return target
