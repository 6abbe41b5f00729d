"""Fetch the offered update file from the owner's address and hand it to root's side, as if it came by the browser.

The page does it when the owner asks. The file goes to the disk in pieces, bounded in bytes and seconds; its signed
description must name the version that was offered. Root's side checks everything again on a copy of its own.
"""
from contextlib import suppress
from pathlib import Path

from appliance.health.news import News
from appliance.system import http
from appliance.system.handover import Handover, TooLargeError
from appliance.system.plain_tar import Readable
from appliance.update import bundle, look, requested
from appliance.update.bundle import UpdateError
from appliance.update.requested import MAX_BUNDLE

FETCH_S = 3600.0        # for the whole file; after each TOLD_BYTES the page hears of it, see handover.INTERRUPTED_S
TOLD_BYTES = 32 << 20


class _Told:
    """Reads on, and tells the page how far it is."""

    def __init__(self, source: Readable, page: Handover, name: str) -> None:
        self._source, self._page, self._name, self._got = source, page, name, 0

    def read(self, size: int, /) -> bytes:
        data = self._source.read(size)
        before, self._got = self._got, self._got + len(data)
        if before // TOLD_BYTES != self._got // TOLD_BYTES:
            self._page.report(None, f"Fetching {self._name}: {self._got >> 20} MiB.")
        return data


def begin(page: Handover, news: News) -> None:
    """Tell that it is under way. Raises OSError."""
    page.folder.mkdir(mode=0o700, exist_ok=True)
    page.report(None, f"Fetching {news.bundle}.")


def fetch(url: str, public_key: Path, news: News, page: Handover) -> None:
    """Fetch, look at the description and ask root's side to install. Raises nothing but bugs: the page tells."""
    try:
        _fetch(url, news.bundle, page)
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


def _fetch(url: str, name: str, page: Handover) -> None:
    with http.download(url + name, FETCH_S) as answer:
        look.refuse_status(answer)
        length = answer.headers.get("Content-Length", "")
        if length.isdigit():
            requested.need_room(page, int(length))
        page.store(_Told(answer, page, name), MAX_BUNDLE)


def _failed(page: Handover, text: str) -> None:
    with suppress(OSError):
        page.remove()
    page.report(False, f"{text}. Nothing was changed")
