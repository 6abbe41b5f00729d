"""What became of an order to the supervisor process: a fragment that the page asks for until the answer is there."""
from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from webui.data import box
from webui.orders import Order
from webui.security import access

page = Blueprint("order_result", __name__)


@page.get("/order/<int:number>")
@access.owner
def show(number: int) -> ResponseReturnValue:
    """What became of an order, as a fragment."""
    try:
        result = box().answer(number)
    except (KeyError, OverflowError):
        abort(404)
    again = {} if result is None or "error" in result else {"X-Again": "1"}  # the page may show what it changed
    return render_template("_order.html", order=Order(number, result)), 200, again
