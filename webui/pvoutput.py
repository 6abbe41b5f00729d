"""The PVOutput page: what was sent, what waits and why, what was refused in the server's words, and what can be done.

Retry, skip and sending a day again are orders to the supervisor process. The test is made here and now, with what is
typed in the form: the key goes from the form to the request and is stored nowhere but in the settings file, by Save.
It is counted in the same quota window as everything else.
"""
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance import store
from appliance.pvoutput import answers, poster, quota, servertime, views
from webui import access, dashboard, fields, localtime, orders, settings
from webui.data import box

page = Blueprint("pvoutput", __name__)

# How a text begins that is not PVOutput's: what a request says that got no answer of the service.
UNANSWERED = ("HTTP ", "the server", "the connection", "the request", "TLS failed", "a reply")
KEYS = [key for key in fields.FIELDS if key.startswith("pvoutput.")]


@dataclass(frozen=True)
class Outcome:
    """What a test found. `verbatim` is PVOutput's own text, `may_save` whether the settings may still be right."""

    ok: bool
    title: str
    verbatim: str = ""
    advice: tuple[str, ...] = ()
    system: answers.System | None = None
    may_save: bool = False


@page.get("/pvoutput")
@access.owner
def show() -> ResponseReturnValue:
    """State of the posting, day by day."""
    connection, loaded = box().store(), box().settings()
    today = localtime.today(box().now(), box().zone())
    allowance = views.quota_view(connection, loaded, box().clock)
    now = servertime.read(connection, box().clock)
    returns = quota.seconds_to_next_window(now.server) if now.server is not None else None
    return render_template(
        "pvoutput.html", account=loaded.pvoutput, days=views.day_states(connection), refused=views.refused(connection),
        oldest=views.oldest_unsent(connection, loaded, today), quota=allowance, returns_s=returns,
        last_success=views.last_success(connection), trouble=views.trouble(connection, loaded),
        held=views.held(connection), order=orders.last())


@page.post("/pvoutput/resend")
@access.owner
def resend() -> ResponseReturnValue:
    """Send a day again."""
    day = dashboard.parse_day(request.form.get("day", ""))
    orders.give("resend_day", day=day.isoformat())
    return redirect(url_for("pvoutput.show"))


@page.post("/pvoutput/row")
@access.owner
def row() -> ResponseReturnValue:
    """Retry or skip one refused row."""
    name = request.form.get("name", "")
    time = request.form.get("time", "")
    if name not in ("retry", "skip") or not time.isdecimal():
        abort(400)
    orders.give(name, time=int(time))
    return redirect(url_for("pvoutput.show"))


@page.post("/pvoutput/test")
@access.owner
def test() -> ResponseReturnValue:
    """Test what is typed into the settings page; nothing is saved."""
    changes, errors = fields.read(request.form, KEYS)
    outcome = wrong(errors) if errors else try_out(changes)
    if wants_fragment():
        return render_template("_outcome.html", outcome=outcome)
    form = request.form.to_dict() | {"section": "pvoutput"}
    return settings.render(form, errors, outcome=outcome), 422 if errors else 200


def wants_fragment() -> bool:
    """Did the page's script ask? It keeps the form as it is, the typed key included, which no answer ever holds."""
    return request.headers.get("X-Fragment") == "1"


def wrong(errors: dict[str, str]) -> Outcome:
    """Refused fields as an outcome, for the script."""
    return Outcome(False, " ".join(f"{fields.FIELDS[key].label}: {text}" for key, text in errors.items()))


def try_out(changes: dict[str, Any]) -> Outcome:
    """Ask PVOutput whether key and system hold: the stored settings with `changes` ("pvoutput.key" → value) put in."""
    loaded = box().settings()
    account = replace(loaded.pvoutput, **{key.split(".")[1]: value for key, value in changes.items()})
    if not account.api_key or not account.system_id:
        return Outcome(False, "Key and system id are both needed.", advice=(
            "You find both at pvoutput.org under Settings: the key under API Settings, the id beside your system.",))
    try:
        with closing(store.connect(box().data_dir)) as connection:
            result = poster.check_account(connection, replace(loaded, pvoutput=account), box().clock)
    except sqlite3.Error as error:
        return Outcome(False, f"The test could not be made: the database answers “{error}”.", may_save=True)
    if result.ok:
        return Outcome(True, "PVOutput accepts key and system.", system=result.system, advice=result.warnings)
    if result.text.startswith(UNANSWERED):
        return Outcome(False, f"PVOutput could not be asked: {result.text}.", may_save=True, advice=(
            "This says nothing about key and system. Check that this box reaches the internet, and test again.",))
    return Outcome(False, "PVOutput did not accept this.", verbatim=result.text, advice=advice(result.text),
                   may_save=True)


def advice(text: str) -> tuple[str, ...]:
    """What to do about a refusal, by PVOutput's words."""
    lower = text.lower()
    for words, sentence in (
        (("system id", "systemid"), "Check the system id: it is the number in your system’s address, not its name."),
        (("read only",), "This is a read-only key. Make a full-access key under API Settings."),
        (("disabled",), "API access is switched off: under Settings › API Settings, enable it."),
        (("api key", "apikey", "unauthorized"), "Check the key: copy it whole from Settings › API Settings."),
        (("exceeded", "used up", "requests"), "Wait until the next full hour; other programs share these requests."),
    ):
        if any(word in lower for word in words):
            return (sentence,)
    return ()
