"""A server that answers one odd thing: for replies that the simulated PVOutput never gives."""
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def odd_server(*parts: bytes, drip: float = 0.0) -> Iterator[tuple[str, list[bytes]]]:
    """Serve `parts` as the raw reply to every connection; yields (url, requests as received).

    With `drip`, the last part is repeated every so many seconds until the client has had enough.
    """
    seen: list[bytes] = []
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                request = b""
                while b"\r\n\r\n" not in request and not request.startswith(b"\x16"):     # nor TLS's first word
                    request += connection.recv(65536)
                seen.append(request)
                try:
                    for part in parts:
                        connection.sendall(part)
                    while drip and not stop.wait(drip):
                        connection.sendall(parts[-1])
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/service/r2/", seen
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
