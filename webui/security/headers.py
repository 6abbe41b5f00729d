"""What holds for every request whatever the page: which Host names are ours, and the headers of each answer.

Host: a page elsewhere can point its own name at this machine's address (DNS rebinding) and then talk to it as if it
were that page. It cannot do so with an IP address, with `localhost`, or with a name no public DNS serves; so those
are answered, and the names in `web.names`, everything else is not.
"""
import ipaddress
import re
import socket
from collections.abc import Iterable

import flask
from flask import Flask, Response, request

from webui.data import Box
from webui.limits import LARGE, MAX_BODY, MAX_PARTS, RESTORE_PATH
from webui.security import auth
from webui.security.forwarded import Forwarded
from webui.words.errors import HOST

PRIVATE_ENDINGS = (".local", ".localhost", ".lan", ".home.arpa", ".internal")  # not delegated in the public DNS
POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
    "manifest-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
))
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


LABEL = "[0-9A-Za-z_-]{1,63}"
NAME = re.compile(rf"(\[[0-9A-Fa-f:.]+(%[0-9A-Za-z._~-]+)?\]|{LABEL}(\.{LABEL})*\.?|[0-9A-Fa-f:.]+)(:[0-9]{{1,5}})?")
MAX_HOST = 253 + len(":65535")


def host_is_ours(host: str, configured: Iterable[str] = ()) -> bool:
    """Is this Host header's value (with or without a port) a name that only this network can mean?"""
    name = without_port(host).lower().rstrip(".")
    if len(host) > MAX_HOST or not NAME.fullmatch(host):
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        pass
    else:
        return True
    if name == "localhost" or (name.endswith(PRIVATE_ENDINGS) and not name.startswith(".")):
        return True
    return name != "" and name in {socket.gethostname().lower(), *(known.lower().rstrip(".") for known in configured)}


def without_port(host: str) -> str:
    """The name or address in a Host header's value; an IPv6 address without its brackets."""
    if host.startswith("["):
        return host[1:].split("]")[0]
    return host.rsplit(":", 1)[0] if host.count(":") == 1 else host


class Request(flask.Request):
    """A request whose size limit depends on the page: only two forms may send more than a form's worth."""

    max_form_memory_size = MAX_BODY
    max_form_parts = MAX_PARTS

    @property
    def max_content_length(self) -> int | None:
        """Bytes that the body may have."""
        return LARGE.get(self.path, MAX_BODY)

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        raise AttributeError("the limit follows from the path")


def is_owners(app: Flask, cookie: str) -> bool:
    """Whether a Cookie header opens the owner's pages, before there is a request."""
    with app.test_request_context(RESTORE_PATH, headers={"Cookie": cookie}):
        return auth.is_owner()


def install(app: Flask, box: Box) -> None:
    """Check each request's Host and dress each answer."""
    app.request_class = Request
    app.wsgi_app = Forwarded(app.wsgi_app, box)  # type: ignore[method-assign]

    def refuse_foreign_host() -> Response | None:
        web = box.settings().web
        if host_is_ours(request.headers.get("Host", ""), (web.host, *web.names)):
            return None
        return Response(HOST, status=421, mimetype="text/plain")

    app.before_request(refuse_foreign_host)
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    """The headers above; only static files, whose URL changes with their content, may be kept by a cache."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static" and response.status_code in (200, 304) and "v" in request.args:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers["Cache-Control"] = "no-store"
    return response
