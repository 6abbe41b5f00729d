"""The HTTP server of the simulated collector and PVOutput: quiet threads that end with the program."""
import socket
import sys
from http.server import ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """A ThreadingHTTPServer that starts without a DNS query for the name of its own address."""

    daemon_threads = True
    block_on_close = False               # a thread whose fault is not to answer must not delay the end

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def handle_error(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        """Ignore a closed connection, which the faults cause. Any other error is a bug and shows its traceback."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)
