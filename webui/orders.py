"""Orders to the supervisor process and handovers of other services: what became of them.

The order is a row of the table `command`; the answer comes within seconds, and the page asks for it until it is there.
"""
import sqlite3
from dataclasses import dataclass
from typing import Any

from flask import render_template, session
from flask.typing import ResponseReturnValue

from appliance.system.handover import Handover
from webui.data import box


@dataclass(frozen=True)
class Order:
    """`result` is None while the supervisor process has not answered; with "error" it failed."""

    number: int
    result: dict[str, Any] | None


def submit(name: str, **argument: Any) -> None:
    """Order something; last() tells of it. Raises sqlite3.Error."""
    session["order"] = box().submit(name, **argument)


def last() -> Order | None:
    """This browser's last order, until its answer was shown once."""
    number = session.get("order")
    if number is None:
        return None
    try:
        found = Order(int(number), box().answer(int(number)))
    except (KeyError, sqlite3.Error):
        session.pop("order")
        return None
    if found.result is not None:
        session.pop("order")
    return found


def place(card: str) -> str | None:
    """Where on the settings page to go on: at the card, or at the top where something is to be read."""
    return None if "_flashes" in session or "order" in session else card


def news(what: str, handover: Handover) -> ResponseReturnValue:
    """How far a handover is, as a fragment; at its end the script loads the page anew."""
    state = handover.state()
    return render_template("_handover.html", state=state, what=what), 200, {} if state.under_way else {"X-Again": "1"}
