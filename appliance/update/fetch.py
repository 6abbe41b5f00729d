"""Fetch the offered update file from the owner's address and hand it to root's side, as if it came by the browser.

The page does it when the owner asks. The file goes to the disk in pieces, bounded in bytes and seconds; its signed
description must name the version that was offered. Root's side checks everything again on a copy of its own.
"""
from contextlib import suppress
from pathlib import Path

from appliance.health.news import News
from appliance.system import http
from appliance.system.handover import Handover, TooLargeError
from appliance.update import bundle, look
from appliance.update.bundle import UpdateError
from appliance.update.requested import MAX_BUNDLE

FETCH_S = 900.0         # less than handover.INTERRUPTED_S


def begin(page: Handover, news: News) -> None:
    """Tell that it is under way. Raises OSError."""
    page.folder.mkdir(mode=0o700, exist_ok=True)
    page.report(None, f"Fetching {news.bundle}.")


def fetch(url: str, public_key: Path, news: News, page: Handover) -> None:
    """Fetch, look at the description and ask root's side to install. Raises nothing but bugs: the page tells."""
    try:
        _fetch(url + news.bundle, page)
        manifest = bundle.announced(page.file, public_key)
        if manifest.version != news.version:
            raise UpdateError(f"the address gave version {manifest.version} where {news.version} was offered")
        page.submit()
    except TooLargeError:
        _failed(page, f"larger than {MAX_BUNDLE >> 20} MiB: this is no update file")
    except http.NoAnswer as error:
        _failed(page, look.words(error))
    except (UpdateError, OSError) as error:
        _failed(page, str(getattr(error, "strerror", None) or error))


def _fetch(url: str, page: Handover) -> None:
    with http.download(url, FETCH_S) as answer:
        look.refuse_status(answer)
        page.store(answer, MAX_BUNDLE)


def _failed(page: Handover, text: str) -> None:
    with suppress(OSError):
        page.remove()
    page.report(False, f"{text}. Nothing was changed")
