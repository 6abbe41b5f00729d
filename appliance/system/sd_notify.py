"""Telling systemd how a service is: READY=1, WATCHDOG=1, STATUS=... (sd_notify's protocol, one datagram a message).

Only a process that did real work since its last message says WATCHDOG=1: its main loop calls this, never a thread
of its own. Without a NOTIFY_SOCKET (no systemd) nothing happens.
"""
import os
import socket
from contextlib import suppress

ENVIRONMENT = "NOTIFY_SOCKET"


def notify(message: str) -> bool:
    """Send `message` (lines of VARIABLE=value) to systemd; whether there was somebody to tell."""
    address = os.environ.get(ENVIRONMENT, "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]  # the abstract namespace
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.sendto(message.encode(), address)
        return True
    return False
