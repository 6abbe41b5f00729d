"""The Test buttons of the outputs: what is typed into a section is tried here and now; nothing is saved."""
from dataclasses import replace

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from appliance.outputs.check import CHECKS
from webui import account_check, fields
from webui.data import box
from webui.security import access, key_host

page = Blueprint("outputs", __name__)


@page.post("/outputs/<section>/test")
@access.owner
def test(section: str) -> ResponseReturnValue:
    """Test what is typed into `section`."""
    if section not in CHECKS:
        abort(404)
    keys = [key for key in fields.FIELDS if key.startswith(f"{section}.")]
    changes, errors = fields.read(request.form, keys)
    outcome = account_check.wrong(errors) if errors else _try_out(section, changes)
    if account_check.wants_fragment():
        return render_template("_outcome.html", outcome=outcome)
    return render_template("tried.html", outcome=outcome, section=section), 422 if errors else 200


def _try_out(name: str, changes: dict[str, object]) -> account_check.Outcome:
    """Ask the other side: the stored settings with `changes` put in."""
    loaded = box().settings()
    if problem := key_host.moved(loaded, changes):
        return account_check.Outcome(False, problem)
    section = replace(getattr(loaded, name), **{key.split(".")[1]: value for key, value in changes.items()})
    found = box().check_output(name, replace(loaded, **{name: section}))
    return account_check.Outcome(found.ok, found.text)
