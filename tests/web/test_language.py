"""The page in another language: the browser's is taken where there is one, and no text of a page is forgotten.

The second is shown by a pseudo-translation that puts each message into brackets: what stands outside of them, on any
page in any state, is a number, a date, a unit, a name, or a sentence that says of itself that it is English.
"""
import gettext
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po
from flask import Flask

import webui
from tests.web.conftest import FixedClock, Visitor
from tests.web.everything import eventful, first_visit, mistaken, visited
from tests.web.roof import METER, PVS
from webui import language
from webui.language import N_

ATTRIBUTES = ("title", "aria-label", "alt", "placeholder", "data-busy", "data-label", "data-soon", "data-minutes",
              "data-title", "data-age", "data-again", "data-off", "data-on")
SILENT = ("script", "style", "code", "pre")       # programs, commands, what a PVS sent
NO_TEXT = ("input", "br", "hr", "meta", "link", "img", "path", "rect", "line", "polyline", "circle")    # have no end
UNITS = ["kWh", "Wh", "W", "kW", "MB", "kB", "GB", "MiB", "B", "min", "h", "s", "AM", "PM", "C", "F"]
NAMES = ["suntap", "PVOutput", "InfluxDB", "Home Assistant (MQTT)", "a.csv", "reader", "owner",
         "America/Los Angeles", "Los Angeles", "python", "sqlite", "/Data/SMS2DataCollector.aspx", PVS, METER,
         "Power value too high", "AC_Module_Type_C"]


FOLDER = Path(webui.__file__).parent
EXTRACT = ("extract", "-F", str(FOLDER / "babel.cfg"), "-k", "N_")


def pybabel(*words: str) -> None:
    """The command."""
    CommandLineInterface().run(["pybabel", "--quiet", *words])


class Pseudo(gettext.NullTranslations):
    """Every message in brackets; `asked` are all that were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def gettext(self, message: str) -> str:
        self.asked.add(message)
        return f"⟦{message}⟧"

    def ngettext(self, one: str, several: str, count: int) -> str:
        self.asked.add(one)
        return f"⟦{one if count == 1 else several}⟧"


class Outside(HTMLParser):
    """What a page shows outside the brackets."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._depth = 0
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        for name in ATTRIBUTES:
            self.found.append(self._outside(known.get(name) or ""))
        if tag in NO_TEXT:
            return
        if self._silent or tag in SILENT or known.get("lang") == "en":
            self._silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag not in NO_TEXT:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        left = self._outside(data)
        if not self._silent:
            self.found.append(left)

    def _outside(self, text: str) -> str:
        left = ""
        for sign in text:
            self._depth += (sign == "⟦") - (sign == "⟧")
            left += sign if not self._depth and sign != "⟧" else " "
        return left


def outside(text: str) -> list[str]:
    """The words of a page that no translation reached."""
    parser = Outside()
    parser.feed(text)
    words: list[str] = []
    for part in parser.found:
        for name in NAMES:
            part = part.replace(name, " ")
        words += [word for word in re.findall(r"[^\W\d_][\w’'-]*", part) if word not in UNITS
                  and not re.search(r"\d", word)]
    return words


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Pseudo:
    catalogue = Pseudo()
    monkeypatch.setattr(language, "of_languages", lambda *_: "en_XA")
    monkeypatch.setattr(language, "_catalogue", lambda *_: catalogue)
    return catalogue


def held(pages: Iterator[tuple[str, str]]) -> None:
    wrong = {name: left for name, text in pages if (left := outside(text))}
    assert not wrong, "\n".join(f"{name}: {' '.join(left)}" for name, left in wrong.items())


def test_what_stands_outside_the_brackets_is_found() -> None:
    assert outside('<p title="Right">⟦All <b>of</b> it⟧ but <i>this</i> 5 kWh<q lang="en">not that</q></p>') == [
        "Right", "but", "this"]


def test_no_text_of_the_first_visit_is_forgotten(fresh: Flask, pseudo: Pseudo) -> None:
    held(first_visit(fresh))


def test_no_text_of_a_page_is_forgotten(app: Flask, owner: Visitor, guest: Visitor, data_dir: Path, config: Path,
                                        pseudo: Pseudo) -> None:
    eventful(data_dir, config)
    held(visited(app, owner, guest))


def test_no_text_of_an_answer_is_forgotten(app: Flask, owner: Visitor, data_dir: Path, roof: Path, clock: FixedClock,
                                           pseudo: Pseudo) -> None:
    held(mistaken(app, owner, clock, data_dir))


def test_a_page_before_any_reading_is_translated_too_and_translators_are_shown_every_message(
        app: Flask, owner: Visitor, guest: Visitor, pseudo: Pseudo, tmp_path: Path) -> None:
    held(visited(app, owner, guest))
    pybabel(*EXTRACT, "-o", str(tmp_path / "suntap.pot"), str(FOLDER))
    with open(tmp_path / "suntap.pot", "rb") as file:
        listed = {part for message in read_po(file) for part in (
            message.id if isinstance(message.id, tuple) else [message.id])}
    assert pseudo.asked - listed == set() and "{count} of {known} needs a look" in listed


def test_a_language_is_added_by_the_commands_of_the_guide(app: Flask, guest: Visitor, roof: Path, tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (FOLDER.parent / "CONTRIBUTING.md").read_text()
    for command in re.findall(r"^pybabel (.*)$", guide, re.MULTILINE):
        command = command.replace("LANGUAGE", "de").replace("webui/locale", str(tmp_path))
        pybabel(*re.sub(r"\bwebui\b", str(FOLDER), command.replace("build/", f"{tmp_path}/")).split())
        for catalogue in tmp_path.glob("de/LC_MESSAGES/suntap.po"):
            text = catalogue.read_text()
            for message, translation in {"Panels": "Module", "May": "Mai"}.items():
                text = text.replace(f'msgid "{message}"\nmsgstr ""', f'msgid "{message}"\nmsgstr "{translation}"')
            catalogue.write_text(text)
    assert (tmp_path / "de/LC_MESSAGES/suntap.mo").exists()
    monkeypatch.setattr(language.of_languages, "__defaults__", (tmp_path,))
    monkeypatch.setattr(language.speak, "__defaults__", (tmp_path,))
    for wanted, name, title in (("de-AT,en;q=0.5", "de", "Module"), ("fr,de;q=0.9", "de", "Module"),
                                ("en,de", "en", "Panels")):
        text = guest.get("/", headers={"Accept-Language": wanted}).text
        assert f'<html lang="{name}"' in text and f">{title}</a>" in text and "Today" in text
        assert ("9 Mai 2026" in text) == (name == "de")


def test_programs_are_answered_in_english(owner: Visitor, roof: Path, pseudo: Pseudo) -> None:
    for path in ("/api/v1/now", "/api/v1/status", "/api/v1/nothing", "/api/v1/days?from=x", "/metrics", "/healthz"):
        assert "⟦" not in owner.get(path).text, path
    assert "⟦" not in owner.get("/export/days.csv?first=2026-05-08&last=2026-05-09").text


def test_a_constant_is_english_until_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    text = N_("Hello {name}")
    assert text == "Hello {name}" and str(text) == text.source == "Hello {name}"
    monkeypatch.setattr(language, "_catalogue", lambda *_: Pseudo())
    language.speak("en_XA")
    try:
        assert text == "Hello {name}" and text.source == "Hello {name}" and {text: 1}["Hello {name}"] == 1
        assert str(text) == f"{text}" == "⟦Hello {name}⟧" and text.format(name="you") == "⟦Hello you⟧"
        assert N_("<b>").__html__() == "⟦&lt;b&gt;⟧" and language.gettext("") == ""
    finally:
        language.speak(language.SOURCE)
