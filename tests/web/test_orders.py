"""An order to the recorder: one row, one answer, shown once."""
from contextlib import closing
from pathlib import Path

from flask import Flask, session

from appliance import store
from webui.orders import Order, last, place, submit


def answer(data_dir: Path, text: str) -> None:
    with closing(store.connect(data_dir)) as conn:
        conn.execute("UPDATE command SET finished = 1, result = ?", (text,))


def test_an_order_is_told_of_until_its_answer_was_shown(app: Flask, data_dir: Path) -> None:
    with app.test_request_context():
        assert last() is None
        submit("rebuild")
        number = session["order"]
        assert last() == last() == Order(number, None)
        answer(data_dir, '{"rows": 3}')
        assert last() == Order(number, {"rows": 3})
        assert last() is None


def test_an_order_of_a_history_that_was_replaced_is_forgotten(app: Flask, data_dir: Path) -> None:
    with app.test_request_context():
        for number in (99, "99"):
            session["order"] = number
            assert last() is None and "order" not in session


def test_the_page_goes_on_at_the_card_unless_something_is_to_be_read(app: Flask, data_dir: Path) -> None:
    with app.test_request_context():
        assert place("prices") == "prices"
        submit("rebuild")
        assert place("prices") is None
