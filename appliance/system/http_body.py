"""The body of an HTTP reply, as it came: what a server packs is not unpacked, for a few bytes can be gigabytes."""
from __future__ import annotations

from collections.abc import Iterator

import requests
import urllib3

PLAIN = "identity"      # for Accept-Encoding


def pieces(response: requests.Response, size: int) -> Iterator[bytes]:
    """The body of a response that was asked for with stream=True, in pieces of at most `size` bytes.

    Raises ValueError when it is packed, ConnectionError of requests when it breaks off.
    """
    packed = response.headers.get("Content-Encoding", PLAIN).strip().lower()
    if packed not in (PLAIN, ""):
        raise ValueError(f"the server packed its reply ({packed[:40]!r}), which it was not asked for")
    try:
        yield from response.raw.stream(size, decode_content=False)
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(error) from error
