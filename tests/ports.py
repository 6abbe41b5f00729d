"""Ports for what a test starts or wants to find closed: no two tests get the same one, however many run side by side.

They lie below those that the kernel gives to outgoing connections and to listeners that asked for any (from 32768 on;
Debian's default), and away from the product's own (8080 to 8179, 18053 to 18089). So nothing takes one between the
moment it is given here and the one at which the server of the test listens on it.
"""
import os
import socket
from itertools import count

FIRST, OF_A_WORKER, WORKERS = 20_000, 500, 20
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
_turns = count(os.getpid())     # another run beside this one, or the one before it, is likely elsewhere


def free_port() -> int:
    """A port of the loopback that is free for TCP and UDP. Each worker has its own ports and gives them out in turn."""
    for turn in _turns:
        port = FIRST + WORKER * OF_A_WORKER + turn % OF_A_WORKER
        if is_free(port):
            return port
    raise AssertionError("it counts for ever")


def is_free(port: int) -> bool:
    """Whether a server could listen at `port` now, by TCP and by UDP, on the loopback and on all addresses."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for host in ("127.0.0.1", ""):
            with socket.socket(socket.AF_INET, kind) as probe:
                if kind is socket.SOCK_STREAM:      # as servers do: a connection that ended just now is no matter
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, port))
                except OSError:
                    return False
    return True
