"""How a reader's country writes times, dates and numbers: chosen by the browser's language, request by request.

Words stay English until they are translated; the dress changes without: 14:05 or 2:05 PM, 9 May or May 9, a narrow
space or a comma between thousands, weeks from Monday or Sunday, °F beside °C. Only what is drawn for people asks for
it; the API and CSV files are the same for everybody.
"""
from contextvars import ContextVar
from dataclasses import dataclass

NARROW = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True)
class Dress:
    """One country's habits. `first_weekday`: 0 is Monday, as date.weekday() counts."""

    name: str
    twelve_hours: bool = False
    month_first: bool = False
    thousands: str = NARROW
    first_weekday: int = 0
    fahrenheit: bool = False
    currency: str = ""


INTERNATIONAL = Dress("international")
AMERICAN = Dress("american", twelve_hours=True, month_first=True, thousands=",", first_weekday=6, fahrenheit=True,
                currency="$")
COUNTRIES = {"US": AMERICAN, "PR": AMERICAN, "GU": AMERICAN, "VI": AMERICAN, "AS": AMERICAN, "MP": AMERICAN}

_current: ContextVar[Dress] = ContextVar("dress", default=INTERNATIONAL)


def of_languages(languages: list[str]) -> Dress:
    """The dress for a browser's languages ("en-US", "en"), the most wanted first: the first with a country decides."""
    for language in languages:
        parts = language.replace("_", "-").split("-")
        country = next((part.upper() for part in parts[1:] if len(part) == 2), "")
        if country:
            return COUNTRIES.get(country, INTERNATIONAL)
    return INTERNATIONAL


def wear(dress: Dress) -> None:
    """Everything written from now on in this request is written so."""
    _current.set(dress)


def now() -> Dress:
    """The dress of this request."""
    return _current.get()
