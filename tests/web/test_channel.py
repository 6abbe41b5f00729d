"""A place for each download and none too many; a journal that no flood fills. Slow readers: tests/attack."""
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from webui import channel
from webui.channel import DOWNLOAD_PATHS, LogRate, Places
from webui.limits import DOWNLOADS, LOG_BURST, LOG_SECONDS


class App:
    """An application that answers in pieces, or fails."""

    def __init__(self) -> None:
        self.fails = False
        self.seen: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterator[bytes]:
        self.seen.append(environ)
        if self.fails:
            raise ZeroDivisionError
        start("200 OK", [])
        return iter([b"x"])


def ask(places: Places, path: str) -> tuple[str, Any]:
    said: list[str] = []
    answer = places({"PATH_INFO": path, "wsgi.file_wrapper": object()}, lambda status, _: said.append(status))
    return said[0], answer


@pytest.mark.parametrize("path", [path + "x" for path in DOWNLOAD_PATHS])
def test_so_many_downloads_have_a_place_and_one_that_ended_leaves_its_own(path: str) -> None:
    places = Places(App())
    held = [ask(places, path) for _ in range(DOWNLOADS)]
    assert {status for status, _ in held} == {"200 OK"}
    assert ask(places, path)[0].startswith("503") and ask(places, "/")[0] == "200 OK"
    held[0][1].close()
    assert ask(places, path)[0] == "200 OK"


def test_a_download_that_fails_leaves_its_place_too() -> None:
    app = App()
    places, app.fails = Places(app), True
    for _ in range(2 * DOWNLOADS):
        with pytest.raises(ZeroDivisionError):
            ask(places, "/export/x")
    app.fails = False
    assert ask(places, "/export/x")[0] == "200 OK"


def test_no_file_is_left_to_the_loop() -> None:
    app = App()
    ask(Places(app), "/")
    assert "wsgi.file_wrapper" not in app.seen[0]


def test_each_kind_of_line_has_its_own_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(channel.time, "monotonic", lambda: now[0])
    rate = LogRate()

    def written(text: str) -> bool:
        return rate.filter(logging.LogRecord("x", logging.INFO, "x", 1, text, (), None))

    assert [written("one") for _ in range(LOG_BURST + 1)] == [True] * LOG_BURST + [False]
    assert written("another")
    now[0] += LOG_SECONDS
    assert [written("one"), written("one")] == [True, False]
    for number in range(1000):
        written(f"kind {number}")
    assert len(rate._kinds) <= 201
