"""What a kWh costs and earns, row by row: from a day on, and by months, days of the week and hours."""
from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.settings import prices as settings
from webui import tariffs
from webui.data import box
from webui.language import _
from webui.present import localtime
from webui.security import access
from webui.tariffs import Row
from webui.words import prices as words

page = Blueprint("prices", __name__, url_prefix="/settings/prices")


@page.get("")
@access.owner
def show() -> ResponseReturnValue:
    """All prices."""
    site = box().settings().site
    return _render({"buy": tariffs.rows(settings.parse(site.buy)), "sell": tariffs.rows(settings.parse(site.sell))})


@page.post("")
@access.owner
def save() -> ResponseReturnValue:
    """Both lists or none."""
    texts, rows = {}, {}
    for name in words.NAMES:
        texts[f"site.{name}"], rows[name] = tariffs.read(tariffs.typed(request.form, name))
    wrong = sum(bool(row.error) for several in rows.values() for row in several)
    if wrong:
        return _render(rows, wrong), 422
    box().change(texts)
    flash(str(words.SAVED))
    return redirect(url_for("prices.show"))


def _render(rows: dict[str, list[Row]], wrong: int = 0) -> str:
    lists = [(name, title, [*rows[name], *[Row()] * tariffs.BLANK_ROWS]) for name, title in words.NAMES.items()]
    hours = [(str(hour), localtime.hour(datetime(2001, 1, 1, hour % 24))) for hour in range(25)]
    return render_template("prices.html", lists=lists, wrong=wrong, months=settings.MONTHS,
                           usual_days=tariffs.USUAL_DAYS, begins=hours[:-1], ends=hours[1:], pairs=_pairs)


def _pairs(names: Sequence[str], more: str = "") -> list[tuple[str, str]]:
    """Options of a select that say what they are; `more` is one that is chosen though it is not usual."""
    every = names if not more or more in names else [*names, more]
    return [(name, " – ".join(_(part) for part in name.split("-"))) for name in every]
