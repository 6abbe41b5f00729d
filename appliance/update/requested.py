"""Root's side of the page's update button: take the file, install it, report progress and outcome to the page.

The outcome is known after a restart: then begin or finish of `suntap update` report it (appliance/cli/update).
"""
from contextlib import suppress
from pathlib import Path

from appliance.health.disk import FULL_BYTES
from appliance.system.handover import Handover, Owner
from appliance.update import bundle
from appliance.update.bundle import MAX_SYSTEM, UpdateError
from appliance.update.install import Installer

ROOT = Path("/var/lib/suntap-update")       # on the image's data partition
EARLIER = Path("/var/lib/suntap-releases")  # the same on cards with one slot
KEY = Path("/usr/share/suntap/update-key.pem")
NAME, FILE = "update", "bundle"
MAX_BUNDLE = MAX_SYSTEM + (8 << 20)     # the system, its description, the list of fixes and the tar around them


def handover(data_dir: Path, owner: Owner | None = None) -> Handover:
    """Return the handover folder between the page and root's side."""
    return Handover(data_dir, NAME, FILE, owner)


def need_room(page: Handover, size: int) -> None:
    """Raises UpdateError unless `size` bytes can be written on the page's side, and room is left for the history.

    `size` counts up to MAX_BUNDLE: more is refused when it comes. Raises OSError.
    """
    page.folder.mkdir(mode=0o700, exist_ok=True)
    bundle.need_room(page.folder, min(size, MAX_BUNDLE) + FULL_BYTES)


def carry_out(page: Handover, installer: Installer, public_key: Path, running: str, architecture: str) -> str:
    """Install the file that the page received and return its version; the box is restarting then.

    Raises UpdateError; its text is reported to the page as well.
    """
    page.report(None, "Taking the file.")
    try:
        with page.claim() as source:
            version = installer.install(source, public_key, running, architecture,
                                        lambda text: page.report(None, text), page.remove)
    except UpdateError as error:
        page.report(False, str(error))
        raise
    except OSError as error:
        text = f"{error.filename or page.file.name}: {error.strerror}: nothing was changed"
        page.report(False, text)
        raise UpdateError(text) from error
    except BaseException:
        page.report(False, "the update ended in the middle: the log says why")
        raise
    finally:
        with suppress(OSError):
            page.remove()
    return version
