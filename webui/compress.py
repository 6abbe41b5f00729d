"""Answers are sent gzipped to browsers that take it: a page of 60 kB is 10 kB on the way to a phone.

Only whole texts: a download that is written as it is read goes out as it is. Static files are compressed once. Over
plain http there is no secret that the length of an answer could give away.
"""
import gzip
from functools import lru_cache

from flask import Flask, Response, request

LEAST = 860         # bytes from which it is worth it: less fits one packet
LEVEL = 5
TYPES = ("text/html", "text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml")


def install(app: Flask) -> None:
    """Compress what the app answers."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if response.mimetype not in TYPES or (response.is_streamed and not response.direct_passthrough):
        return response
    response.vary.add("Accept-Encoding")
    if (response.status_code != 200 or not request.accept_encodings["gzip"]
            or "Content-Encoding" in response.headers
            or response.headers.get("Content-Disposition", "").startswith("attachment")):
        return response
    response.direct_passthrough = False
    content = response.get_data()
    if len(content) >= LEAST:
        response.set_data(_static(content) if request.endpoint == "static" else gzip.compress(content, LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        etag, _ = response.get_etag()
        if etag:
            response.set_etag(f"{etag}-gzip")
    return response


@lru_cache(maxsize=16)
def _static(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)
