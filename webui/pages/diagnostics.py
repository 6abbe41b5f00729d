"""Diagnostics: every stage with its counters, the PVS's own backlog, the last uploads as they came, and the log.

Read only. What the supervisor process and the capture process know comes from `health.status`; uploads come from
the inbox.
"""
import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template, request

from appliance.history import views
from appliance.settings import secrets
from webui import logs
from webui.data import Box, box
from webui.handovers import repair_shown
from webui.present import localtime
from webui.present.pvs_backlog import draining
from webui.security import access, auth
from webui.words.diagnostics import ANSWERERS, PARTS

page = Blueprint("diagnostics", __name__)

UPLOADS = 5             # shown
MAX_SHOWN = 6000        # characters of an upload on the page; the download has all of it
BACKLOG_DAYS = 7
BACKLOG_POINTS = 360    # of the curve


@page.get("/diagnostics")
@access.owner
def show() -> str:
    """All of it."""
    found = box().status()
    facts, writable = found.to_json(), found.room is None or found.room.writable
    return render_template("diagnostics.html", question=box().question(), facts=facts, uploads=_uploads(),
                           backlog=backlog(box()), parts=PARTS, answerers=ANSWERERS, problem=box().problem,
                           **repair_shown(writable), **_journal())


@page.get("/diagnostics/lamps")
@access.owner
def lamps() -> str:
    """Lamps, processes and counters alone, for the polling script."""
    return render_template("_status.html", facts=box().status().to_json())


@page.get("/diagnostics/log")
@access.owner
def log() -> str:
    """The log alone."""
    return render_template("_log.html", **_journal())


def _journal() -> dict[str, Any]:
    level = request.args.get("level", "info")
    level = level if level in logs.LEVELS else "info"
    found, hidden = logs.read(level), secrets(box().settings())
    lines = [replace(line, text=auth.redact(line.text, *hidden)) for line in found.lines]
    return {"journal": replace(found, lines=lines), "level": level, "levels": list(logs.LEVELS)}


def _uploads() -> list[dict[str, Any]]:
    """The newest uploads as shown, newest first."""
    return [{"captured": upload.captured_us / 1e6, "source": upload.source, "destination": upload.destination,
             "path": upload.path, "complete": upload.complete, "size": len(upload.body),
             "text": upload.body.decode("utf-8", "replace")} for upload in box().last_uploads(UPLOADS)]


def backlog(box: Box) -> dict[str, Any] | None:
    """Untransmitted points in the PVS (120.f7) over the last days: newest number, and a polyline. None without any,
    or without a history that can be read."""
    since = int(box.now() - timedelta(days=BACKLOG_DAYS).total_seconds())
    try:
        points = [(time, number) for time, _, number in views.backlog(box.store(), since, int(box.now()) + 86400)]
    except sqlite3.Error:   # the lamps say so
        return None
    if not points:
        return None
    thin = [*points[::max(1, len(points) // BACKLOG_POINTS)], points[-1]]
    top = max(number for _, number in points)
    first, last = points[0][0], points[-1][0]
    wide, high = 720 / max(1, last - first), 108 / max(1, top)
    line = " ".join(f"{(time - first) * wide:.1f},{116 - number * high:.1f}" for time, number in thin)
    return {"now": points[-1][1], "at": last, "top": top, "points": line, "since": first, "until": last,
            "span": localtime.span(last - first), "draining": draining(points)}
