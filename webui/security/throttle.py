"""Slows down guessing of the password: a token bucket per address, per device, and one for all of them together.

A bucket fills again with time, so nobody is locked out for good. The common bucket bounds what many addresses can try
together (and what scrypt may cost a small machine); an address or a browser from which the owner has logged in before
has only its own bucket, so that a stranger who empties the common one does not keep the owner out. The browser is known
by a signed cookie, and a device of the own network by its whole IPv6 address: else a neighbour in the same /64 would
empty the owner's bucket. Such a device can take any number of addresses, so it also has a bucket by its hardware
address: alone it cannot empty the common one. Kept in memory: a restart forgives.
"""
import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass

from appliance.system import neighbours
from appliance.system.bridge import own_networks
from webui.limits import (
    ADDRESS_BURST,
    ADDRESS_SECONDS,
    DEVICE_BURST,
    DEVICE_SECONDS,
    MAX_ADDRESSES,
    MAX_KNOWN,
    TOTAL_BURST,
    TOTAL_SECONDS,
)

LOOK_S = 10.0           # between two looks at our own networks


@dataclass
class Bucket:
    """`tokens` at time `at`; one token comes back every `seconds`, up to `burst`."""

    burst: int
    seconds: float
    tokens: float
    at: float

    def wait(self, now: float) -> float:
        """Seconds until a token is there; 0 when one is."""
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.at) / self.seconds)
        self.at = now
        return max(0.0, (1.0 - self.tokens) * self.seconds)


class Throttle:
    """Counts tries to log in. `now` is a monotonic time in seconds; `device_of` tells the hardware address behind an
    address, "" where there is none."""

    def __init__(self, device_of: Callable[[str], str] = neighbours.hardware_address) -> None:
        self._device_of = device_of
        self._lock = threading.Lock()
        self._total = Bucket(TOTAL_BURST, TOTAL_SECONDS, TOTAL_BURST, 0.0)
        self._addresses: OrderedDict[str, Bucket] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._links: frozenset[ipaddress.IPv6Network] = frozenset()
        self._looked = float("-inf")
        self.refused = 0

    def take(self, address: str, now: float, browser: str = "") -> float:
        """0 and one try is counted, or the seconds to wait before the next. `browser`: of an earlier login."""
        device = "" if browser else self._device_of(address)
        with self._lock:
            buckets = self._buckets(address, now, browser, device)
            wait = max(bucket.wait(now) for bucket in buckets)
            if wait > 0:
                self.refused += 1
                return wait
            for bucket in buckets:
                bucket.tokens -= 1
            return 0.0

    def give_back(self, address: str, now: float, browser: str = "") -> None:
        """A try that take() counted was none: the password was not looked at."""
        device = "" if browser else self._device_of(address)
        with self._lock:
            for bucket in self._buckets(address, now, browser, device):
                bucket.tokens += 1

    def _buckets(self, address: str, now: float, browser: str, device: str) -> list[Bucket]:
        """What a try is counted in."""
        key = f"browser {browser}" if browser else self._key(address)
        own = self._bucket(key, ADDRESS_BURST, ADDRESS_SECONDS, now)
        if browser or key in self._known:
            return [own]
        if not device:
            return [own, self._total]
        return [own, self._bucket(f"device {device}", DEVICE_BURST, DEVICE_SECONDS, now), self._total]

    def _bucket(self, key: str, burst: int, seconds: float, now: float) -> Bucket:
        """The bucket `key`, a full one where it is new."""
        found = self._addresses.pop(key, None) or Bucket(burst, seconds, burst, now)
        self._addresses[key] = found
        while len(self._addresses) > MAX_ADDRESSES:
            self._addresses.popitem(last=False)
        return found

    def succeeded(self, address: str) -> None:
        """The password was right: this address starts afresh and is known from now on."""
        key = self._key(address)
        with self._lock:
            self._addresses.pop(key, None)
            self._known.pop(key, None)
            self._known[key] = None
            while len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)

    def _key(self, address: str) -> str:
        now = time.monotonic()
        if now - self._looked > LOOK_S:
            self._looked, self._links = now, own_networks()
        return network(address, self._links)


def network(address: str, links: Collection[ipaddress.IPv6Network] = ()) -> str:
    """What counts as one address: an IPv4 address; an IPv6 address on one of our own `links`; else an IPv6 /64 (a host
    elsewhere can pick any address inside its own)."""
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return "other"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        if any(parsed in link for link in links):
            return str(parsed)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
