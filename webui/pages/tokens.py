"""Making and withdrawing the read-only tokens of other programs."""
import re

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webui.data import box
from webui.language import _
from webui.security import access, tokens

page = Blueprint("tokens", __name__, url_prefix="/settings/tokens")

NAME = re.compile(r"[\w.\- ]{1,40}")
CARD, BAD = "tokens", "tokens-bad"      # categories of messages: that card of the settings shows them


@page.post("/make")
@access.owner
def make() -> ResponseReturnValue:
    """A new token, shown this once."""
    name = request.form.get("name", "").strip()
    known = box().settings().web.tokens
    if not NAME.fullmatch(name):
        flash(_("A token's name is one to 40 letters, digits, blanks, “.”, “_” or “-”."), BAD)
    elif name in tokens.names(known):
        flash(_("There is a token named {name} already: withdraw it first, or choose another name.").format(name=name),
              BAD)
    elif len(known) >= tokens.MAX_TOKENS:
        flash(_("There are {most} tokens: withdraw one first.").format(most=tokens.MAX_TOKENS), BAD)
    else:
        token, entry = tokens.make(name)
        box().change({"web.tokens": (*known, entry)})
        return render_template("token.html", name=name, token=token)
    return redirect(url_for("settings.show", _anchor="tokens"))


@page.post("/withdraw")
@access.owner
def withdraw() -> ResponseReturnValue:
    """A token opens nothing any more."""
    name = request.form.get("name", "")
    known = box().settings().web.tokens
    kept = tuple(entry for entry in known if entry.rpartition(":")[0] != name)
    box().change({"web.tokens": kept})
    if kept != known:
        flash(_("The token {name} was withdrawn.").format(name=name), CARD)
    return redirect(url_for("settings.show", _anchor="tokens"))
