"""Forget the page's password: whoever opens the page within the next half hour chooses a new one.

Everybody who is logged in is logged out. Nothing else is touched, and no restart is needed.
"""
import argparse
import json
import time

from appliance.cli.common import settings_of
from appliance.errors import DONE, CommandError
from appliance.history.backup import PASSWORD
from appliance.system.clock import boot_id
from appliance.system.files import adopt_owner, write_atomic

CLAIM = "web-claim.json"    # lets the next visitor choose the password (webui/security/claim.py)


def arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(args: argparse.Namespace) -> int:
    settings, _ = settings_of(args)
    path = settings.store.data_dir / PASSWORD  # removing it is the page's documented way back (webui/security/auth.py)
    opened = settings.store.data_dir / CLAIM
    try:
        if settings.store.data_dir.is_dir():
            said = {"boot_id": boot_id(), "at": time.clock_gettime(time.CLOCK_BOOTTIME)}
            write_atomic(opened, json.dumps(said).encode())
            adopt_owner(opened)
        path.unlink()
    except FileNotFoundError:
        print(f"{settings.store.data_dir}: no password is set")
        return DONE
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}: run this as root") from error
    print("the password is forgotten: open the page and choose a new one")
    return DONE
