"""Network namespaces for the boot test: nothing in them reaches the machine's own network.

A socket belongs to the namespace in which it was made, whoever uses it later. So servers and clients run in this
process: inside() makes them in a thread that has entered the namespace.
"""
import ctypes
import fcntl
import os
import struct
import subprocess
import threading
from collections.abc import Callable
from typing import TypeVar

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
T = TypeVar("T")


def run(*command: str) -> str:
    """Run a command; its output. Raises CalledProcessError with what it said."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
    return done.stdout


def inside(name: str, work: Callable[[], T]) -> T:
    """Call `work` in a thread that has entered the namespace `name`."""
    result: list[T] = []
    failure: list[BaseException] = []

    def enter() -> None:
        try:
            with open(f"/run/netns/{name}") as handle:
                if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            result.append(work())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return result[0]


class Namespace:
    """A network namespace with a tap interface `port`, one end of a cable that QEMU holds the other end of."""

    def __init__(self, name: str, *addresses: str) -> None:
        self.name = f"{name}-{os.getpid()}"
        self.addresses = addresses
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *arguments: str) -> str:
        return run("ip", "-netns", self.name, *arguments)

    def exec(self, *command: str, **options: object) -> subprocess.Popen:
        """Start a program in here; the caller ends it."""
        return subprocess.Popen(["ip", "netns", "exec", self.name, *command], **options)

    def inside(self, work: Callable[[], T]) -> T:
        """Call `work` in a thread that has entered this namespace."""
        return inside(self.name, work)

    def cable(self, mac: str = "") -> int:
        """Make the tap interface `port`, up and addressed; the file descriptor is its other end."""
        def make() -> int:
            descriptor = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", b"port", IFF_TAP | IFF_NO_PI))
            return descriptor

        descriptor = self.inside(make)
        if mac:
            self.ip("link", "set", "port", "address", mac)
        for address in self.addresses:
            self.ip("address", "add", address, "dev", "port", *(["nodad"] if ":" in address else []))
        self.ip("link", "set", "port", "up")
        return descriptor

    def close(self) -> None:
        subprocess.run(["ip", "netns", "delete", self.name], check=False)
