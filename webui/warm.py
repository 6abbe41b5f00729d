"""What the first visitor would wait for is made as the page starts: the templates, what finished years were worth, and
how the inverters have done of late.

On ten years of readings that is more work than a page itself. It goes on beside the first requests, and nothing depends
on it: a page that comes sooner makes what it needs.
"""
import logging
import sqlite3
import threading

from flask import Flask

from appliance.settings import SettingsError
from webui.data import box
from webui.present import energy

log = logging.getLogger(__name__)


def start(app: Flask) -> threading.Thread:
    """Warm up in a thread that no end of the process waits for."""
    thread = threading.Thread(target=warm, args=(app,), name="warm", daemon=True)
    thread.start()
    return thread


def warm(app: Flask) -> None:
    """Make it now."""
    for name in app.jinja_env.list_templates(extensions=("html", "svg")):
        app.jinja_env.get_template(name)
    with app.app_context():
        try:
            energy.worth(box(), energy.all_days(box()))
            box().status()
        except (sqlite3.Error, SettingsError, OSError) as error:    # the pages say so
            log.debug("not warmed up: %s", error)
