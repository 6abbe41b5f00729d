"""/healthz: 200 while the box does its work, 503 with the reasons when it does not. For monitors: no login, nothing
private.
"""
from flask import Blueprint, Response, jsonify

from webui.data import box
from webui.security import access, auth

page = Blueprint("health", __name__)


@page.get("/healthz")
@access.public
def healthz() -> Response:
    """{"ok": bool, "reasons": [lamp names, and for the owner what is wrong]}: a reason may quote a settings file."""
    works, reasons = box().status().healthy()
    if not auth.is_owner():
        reasons = [reason.partition(":")[0] for reason in reasons]
    response = jsonify(ok=works, reasons=reasons)
    response.status_code = 200 if works else 503
    return response
