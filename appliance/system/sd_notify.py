"""Messages to systemd: READY=1, WATCHDOG=1, STATUS=... (sd_notify's protocol, one datagram a message).

A process sends WATCHDOG=1 only if it did real work since its last message: its main loop calls notify(), never a
separate thread. Without NOTIFY_SOCKET (no systemd) nothing happens.
"""
import os
import socket
from contextlib import suppress

ENVIRONMENT = "NOTIFY_SOCKET"


def notify(message: str) -> bool:
    """Send `message` (lines of VARIABLE=value) to systemd. Returns False if there is no systemd to receive it."""
    address = os.environ.get(ENVIRONMENT, "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]  # the abstract namespace
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.sendto(message.encode(), address)
        return True
    return False
