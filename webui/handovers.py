"""The two files that the page hands to other services: a backup to restore and an update; how far each is."""
import sqlite3
from pathlib import Path
from typing import Any

from flask import current_app, session

from appliance.history import backup
from appliance.system.clock import Clock
from appliance.system.handover import Handover
from appliance.update import requested
from webui.data import box
from webui.limits import KEEP_RESTORE_S

PACKAGED = Path("/usr/lib/suntap")


def restore_handover() -> Handover:
    """Where the backup waits."""
    return backup.handover(box().data_dir)


def update_handover() -> Handover:
    """Where the update file waits."""
    return requested.handover(box().data_dir)


def updates_possible() -> bool:
    """Whether this system installs update files: the SD-card image with its data partition does."""
    return bool(current_app.config.get("UPDATES", requested.ROOT.is_mount()))


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
    return {"updates": updates_possible(), "packaged": PACKAGED.exists(), "update_state": update_handover().state(),
            "max_update": requested.MAX_BUNDLE}
