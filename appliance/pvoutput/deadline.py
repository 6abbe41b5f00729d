"""An HTTP adapter whose replies, head and body together, have one deadline.

Theory: a time-out of a socket holds for each single read, so a server that drips one byte of a header at a time keeps
its client for hours. http.client reads a reply from a file over the socket; here that file gives every read no more
time than the whole reply has left.
"""
import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class _Raw(io.RawIOBase):
    """The bytes of one reply until `end` on the monotonic clock."""

    def __init__(self, sock: socket.socket, end: float) -> None:
        self._file = sock.makefile("rb", buffering=0)   # holds the socket open as long as it is open itself
        self._sock, self._end, self._each = sock, end, sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the reply's time is over")
        self._sock.settimeout(left if self._each is None else min(left, self._each))
        return self._file.readinto(buffer)  # type: ignore[attr-defined,no-any-return]

    def close(self) -> None:
        self._file.close()
        super().close()


class Deadline(HTTPAdapter):
    """Gives each reply `seconds`, from its request's end on; afterwards reading it raises a time-out."""

    def __init__(self, seconds: float) -> None:
        class Response(HTTPResponse):
            def __init__(self, sock: socket.socket, *arguments: Any, **more: Any) -> None:
                super().__init__(sock, *arguments, **more)
                self.fp.close()
                self.fp = io.BufferedReader(_Raw(sock, time.monotonic() + seconds))

        class Plain(HTTPConnection):
            response_class = Response

        class Tls(HTTPSConnection):
            response_class = Response

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = Tls

        self._pools = {"http": PlainPool, "https": TlsPool}
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        super().init_poolmanager(*arguments, **more)
        self.poolmanager.pool_classes_by_scheme = self._pools
