"""What the page asks of other services: restore a backup, install an update, check the card; how far each is."""
import sqlite3
from pathlib import Path
from shutil import disk_usage
from typing import Any

from flask import current_app, session

from appliance.health import news, system_age
from appliance.health.disk import FULL_BYTES
from appliance.history import backup
from appliance.system.clock import Clock
from appliance.system.handover import Handover
from appliance.update import requested, slots
from webui.data import box
from webui.limits import KEEP_RESTORE_S, UPLOAD_COPIES

PACKAGED = Path("/usr/lib/suntap")
REPAIR = Path("/run/suntap-repair")     # on the image: in memory, as the card cannot be written when it is needed


def restore_handover() -> Handover:
    """Where the backup waits."""
    return backup.handover(box().data_dir)


def update_handover() -> Handover:
    """Where the update file waits."""
    return requested.handover(box().data_dir)


def repair_handover() -> Handover:
    """Where the check of the card is asked for. There is no file in it."""
    folder = Path(current_app.config.get("REPAIR", REPAIR))
    return Handover(folder.parent, folder.name, "none")


def repair_possible() -> bool:
    """Whether root's side is there: on the SD-card image."""
    return repair_handover().folder.is_dir()


def updates_possible() -> bool:
    """Whether this system installs update files: the card with two slots and its data partition does."""
    return bool(current_app.config.get("UPDATES", slots.booted() and requested.ROOT.is_mount()))


def room_for_copies(data_dir: Path) -> int:
    """Bytes of the largest file that the page can take in with room left for the history. Raises OSError."""
    return max(0, disk_usage(data_dir).free - FULL_BYTES) // UPLOAD_COPIES


def restore_busy() -> bool:
    """Whether a backup is being put back right now."""
    try:
        return restore_handover().state().under_way or box().waits("restore")
    except sqlite3.Error:  # no history that could be read: then no order can wait in it either
        return False


def restore_shown() -> dict[str, Any]:
    """What the settings page needs: the checked backup that waits, and how far the last restore is."""
    pending = restore_handover()
    if "restore" in session and not pending.file.exists():
        session.pop("restore")
    if not restore_busy():
        try:
            if Clock().time() - pending.file.stat().st_mtime > KEEP_RESTORE_S:
                pending.remove()
                session.pop("restore", None)
        except OSError:
            pass
    return {"restore": session.get("restore"), "restore_state": pending.state()}


def update_shown() -> dict[str, Any]:
    """What the settings page needs of the update."""
    known, image = news.read(box().data_dir), system_age.read()
    return {"updates": updates_possible(), "packaged": PACKAGED.exists(), "update_state": update_handover().state(),
            "max_update": requested.MAX_BUNDLE, "update_room": room_for_copies(box().data_dir),
            "earlier_card": system_age.is_earlier_card(), "news": known, "update_url": box().settings().update.url,
            "system": image, "age_days": image.age_days(box().now()) if image else None}


def update_key() -> Path:
    """The public key of the maker."""
    return Path(current_app.config.get("UPDATE_KEY", requested.KEY))


def repair_shown(writable: bool) -> dict[str, Any]:
    """What the diagnostics page needs of the check of the card: it is offered when nothing can be written."""
    state = repair_handover().state() if repair_possible() else None
    return {"repair_state": state, "repair_offered": state is not None and not writable and not state.under_way}
