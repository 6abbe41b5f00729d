"""The test of a PVOutput account: what is typed on the settings page or in the wizard is tried here and now.

The key goes from the form to the request and is stored nowhere but in the settings file, by Save. The request is
counted in the same quota as everything else.
"""
import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from flask import request

from appliance.pvoutput.views import System, Verdict
from webui import fields
from webui.data import box
from webui.language import _
from webui.security import key_host

KEYS = [key for key in fields.FIELDS if key.startswith("pvoutput.")]


@dataclass(frozen=True)
class Outcome:
    """What a test found. `verbatim` is PVOutput's own text, `may_save` whether the settings may still be right."""

    ok: bool
    title: str
    verbatim: str = ""
    advice: tuple[str, ...] = ()
    system: System | None = None
    may_save: bool = False


def wants_fragment() -> bool:
    """Did the page's script ask? It keeps the form as it is, the typed key included, which no answer ever holds."""
    return request.headers.get("X-Fragment") == "1"


def wrong(errors: dict[str, str]) -> Outcome:
    """Refused fields as an outcome, for the script."""
    return Outcome(False, " ".join(f"{fields.FIELDS[key].label}: {text}" for key, text in errors.items()))


def try_out(changes: dict[str, Any]) -> Outcome:
    """Ask PVOutput whether key and system hold: the stored settings with `changes` ("pvoutput.key" → value) put in."""
    loaded = box().settings()
    if problem := key_host.moved(loaded, changes):
        return Outcome(False, problem)
    account = replace(loaded.pvoutput, **{key.split(".")[1]: value for key, value in changes.items()})
    if not account.api_key or not account.system_id:
        return Outcome(False, _("Enter both, the API key and the system id."), advice=(
            _("You find both at pvoutput.org under Settings: the key under API Settings, the id under Registered "
              "Systems."),))
    try:
        result = box().check_account(account)
    except sqlite3.Error as error:
        return Outcome(False, _("The test did not work: the history on this box answers “{error}”. Look at Storage on "
                                "the Diagnostics page.").format(error=error), may_save=True)
    if result.ok:
        return Outcome(True, _("PVOutput accepts this key and this system."), system=result.system,
                       advice=result.warnings)
    if result.verdict is Verdict.QUOTA:
        return Outcome(False, _("PVOutput was not asked: {reason}.").format(reason=result.text), may_save=True, advice=(
            _("Wait until the next full hour; other programs share these requests."),))
    if result.verdict is Verdict.UNREACHABLE:
        text = _("PVOutput did not answer: {reason}.").format(reason=result.text)
        return Outcome(False, text, may_save=True, advice=(
            _("Key and system may be right. Check that this box is online, and test again."),))
    return Outcome(False, _("PVOutput did not accept this."), verbatim=result.text, advice=advice(result.text),
                   may_save=True)


def advice(text: str) -> tuple[str, ...]:
    """What to do about a refusal, by PVOutput's words."""
    lower = text.lower()
    for words, sentence in (
        (("system id", "systemid"),
         _("Check the system id: it is the number in your system’s address, not its name.")),
        (("read only",), _("This is a read-only key. Make a full-access key under API Settings.")),
        (("disabled",), _("API access is switched off: under Settings › API Settings, enable it.")),
        (("api key", "apikey", "unauthorized"), _("Check the key: copy it whole from Settings › API Settings.")),
    ):
        if any(word in lower for word in words):
            return (sentence,)
    return ()
