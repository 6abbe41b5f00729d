"""The page's language: gettext of the standard library, chosen by the browser's languages, request by request.

English is the language of the sources and the key of each message. Templates mark with `{% trans %}` and `_("…")`,
modules with `_("…")` where a text is made and with `N_("…")` where it is a constant: that is translated when it is
written out. A translation is one file, locale/LANGUAGE/LC_MESSAGES/suntap.mo (CONTRIBUTING.md says how to make one);
what it lacks stays English. What other programs read (API, CSV, metrics, logs) is English for everybody, and so are the
sentences that come from the recorder: lamps, notices, answers of PVOutput.
"""
import gettext as library
from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

DOMAIN = "suntap"
FOLDER = Path(__file__).with_name("locale")
SOURCE = "en"

ENGLISH = (SOURCE, library.NullTranslations())

_current: ContextVar[tuple[str, library.NullTranslations]] = ContextVar("language", default=ENGLISH)


def of_languages(wanted: Iterable[str], folder: Path = FOLDER) -> str:
    """The first of a browser's languages ("pt-BR", "pt", "en") that the page has; English where it has none."""
    for language in wanted:
        parts = language.replace("_", "-").split("-")
        for name in ("_".join([parts[0].lower(), *(part.upper() for part in parts[1:])]), parts[0].lower()):
            if name == SOURCE or name in _translated(folder):
                return name
    return SOURCE


def speak(language: str, folder: Path = FOLDER) -> None:
    """Everything written from now on in this request is in this language. One that the page has not is English."""
    _current.set(ENGLISH if language == SOURCE else (language, _catalogue(language, folder)))


def now() -> str:
    """The language of this request, as in the file's name: en, pt_BR."""
    return _current.get()[0]


def gettext(text: str) -> str:
    """`text` in the language of the request."""
    return _current.get()[1].gettext(text) if text else text    # the empty message is a catalogue's head


def ngettext(one: str, several: str, count: int) -> str:
    """The form for `count`, in the language of the request."""
    return _current.get()[1].ngettext(one, several, count)


_ = gettext


class N_(str):
    """A constant text: compared and stored as English, written in the language of the request."""

    __slots__ = ()

    @property
    def source(self) -> str:
        """The English text."""
        return super().__str__()

    def __str__(self) -> str:
        return gettext(self.source)

    def __html__(self) -> Markup:
        return escape(str(self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def format(self, *values: Any, **named: Any) -> str:
        """As str.format, of the translated text."""
        return str(self).format(*values, **named)


@cache
def _translated(folder: Path) -> frozenset[str]:
    return frozenset(file.parts[-3] for file in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))


@cache
def _catalogue(language: str, folder: Path) -> library.NullTranslations:
    return library.translation(DOMAIN, folder, [language], fallback=True)
