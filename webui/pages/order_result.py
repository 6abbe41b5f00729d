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
    more = result is not None and (result.get("uploads", 0) is None     # a restore that another service ends
                                   or "days" in result)                 # the page shows what was imported
    return render_template("_order.html", order=Order(number, result)), 200, {"X-Again": "1"} if more else {}
