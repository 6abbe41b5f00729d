"""A simulated PVS: sends the measurements of its roof to the collector, or to a stand-in that answers as it.

It sends a heartbeat every two minutes, and every five minutes an upload with the interval that ended five to ten
minutes before. An upload without an answer is repeated for hours, the same bytes; then its lines go to the flash. When
the collector answers again, the PVS sends the flash in large bursts: many intervals in one upload, out of order, some
of them twice.

`Pvs.step` is the behaviour alone, on the caller's time. `exchange` carries the uploads: `Wire` over real sockets, or a
function that writes a capture. `run` steps along a Clock; with an accelerated one, days pass in minutes.
"""
import argparse
import contextlib
import random
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

from appliance.simulate import uploads
from appliance.simulate.names import Resolver
from appliance.simulate.roof import INTERVAL, PVS_SERIAL, Roof
from appliance.simulate.uploads import Post, Record
from appliance.system import clock as clocks

HEARTBEAT_S = 120
RETRY_S = 120                            # after a failure (a PVS6 of 2019)
GIVE_UP_S = 3 * 3600
BURST_INTERVALS = (12, 60)               # intervals in one upload from the flash
BURST_POSTS = 8                          # on one connection
REPEAT_CHANCE = 0.2

Exchange = Callable[[Sequence[Post]], int]


@dataclass
class Measurement:
    """One interval's lines; `post` is the upload that is sent until it is answered."""

    tick: float
    lines: list[Record]
    post: Post


class Pvs:
    """The box. `exchange(posts)` sends them on one connection and returns how many were answered, in order."""

    def __init__(self, roof: Roof, exchange: Exchange, now: float, *, seed: int = 1,
                 give_up_s: float = GIVE_UP_S, power_cuts: Sequence[tuple[float, float]] = (),
                 sent: Callable[[float], float] = float) -> None:
        """`now`: seconds since 1970 UTC; the first upload follows within five minutes.

        `power_cuts`: [start, end) in which the PVS is off: its intervals are never sent. `sent` returns what its clock
        says at a step (line 100): where a day is delivered within minutes, as a backlog is, that is the real time.
        """
        self.roof = roof
        self.exchange = exchange
        self.give_up_s = give_up_s
        self.power_cuts = power_cuts
        self.sent = sent
        self.flash: list[list[Record]] = []      # lines of intervals without an answer, in time order
        self._rng = random.Random(f"pvs {seed}")
        phase = self._rng.randrange(INTERVAL)
        self._next_measure = now - now % INTERVAL + phase + (INTERVAL if phase < now % INTERVAL else 0)
        self._next_heartbeat = now
        self._next_try = now
        self._unsent: deque[Measurement] = deque()

    def fill_flash(self, begin: int, end: int) -> int:
        """Put the intervals from `begin` to `end` (seconds since 1970 UTC) into the flash, as after years without a
        collector. Returns the number of points."""
        self.flash += [self.roof.records(time) for time in range(begin, end, INTERVAL)]
        return self.points

    @property
    def points(self) -> int:
        """The number of record lines in the flash: the value of 120.f7."""
        return sum(map(len, self.flash))

    @property
    def waiting(self) -> int:
        """The number of intervals that no collector has answered."""
        return len(self._unsent) + len(self.flash)

    def step(self, now: float) -> float:
        """Do all that is due at `now`. Returns the time of the next step, in seconds since 1970 UTC."""
        while self._next_measure <= now:
            if not self._is_off(self._next_measure):
                self._measure(self._next_measure)
            self._next_measure += INTERVAL
        if self._is_off(now):
            return self._next_measure
        if now >= self._next_heartbeat:
            self.exchange([uploads.post(uploads.body([], PVS_SERIAL, self.sent(now), self._rng), uploads.COMMAND)])
            self._next_heartbeat = now + HEARTBEAT_S
        if self._unsent and now >= self._next_try:
            self._send(now)
        due = [self._next_measure, self._next_heartbeat] + ([self._next_try] if self._unsent else [])
        return min(due)

    def _is_off(self, now: float) -> bool:
        return any(start <= now < end for start, end in self.power_cuts)

    def _measure(self, tick: float) -> None:
        """Make the upload of the interval that is five to ten minutes old at `tick`."""
        time = int(tick - INTERVAL) // INTERVAL * INTERVAL
        if time < self.roof.start:
            return
        lines = self.roof.records(time, backlog=self.points)
        post = uploads.post(uploads.body(lines, PVS_SERIAL, tick, self._rng))
        self._unsent.append(Measurement(tick, lines, post))

    def _send(self, now: float) -> None:
        while self._unsent:
            batch = list(self._unsent)[:BURST_POSTS]
            answered = self.exchange([measurement.post for measurement in batch])
            for _ in range(answered):
                self._unsent.popleft()
            if answered < len(batch):
                self._next_try = now + RETRY_S
                break
        while self._unsent and now - self._unsent[0].tick > self.give_up_s:
            self.flash.append(self._unsent.popleft().lines)
        if self.flash and not self._unsent:
            self._burst(now)

    def _burst(self, now: float) -> None:
        """Send the flash in uploads of many intervals, shuffled, some sent twice. Unanswered intervals stay in it."""
        rng = self._rng
        pieces: list[list[list[Record]]] = []
        while self.flash:
            size = rng.randint(*BURST_INTERVALS)
            pieces.append(self.flash[:size])
            del self.flash[:size]
        rng.shuffle(pieces)
        order = [piece for piece in pieces for _ in range(1 + (rng.random() < REPEAT_CHANCE))]
        done: set[int] = set()
        for at in range(0, len(order), BURST_POSTS):
            batch = order[at:at + BURST_POSTS]
            posts = [uploads.post(uploads.body([line for lines in piece for line in lines], PVS_SERIAL,
                                               self.sent(now), rng)) for piece in batch]
            answered = self.exchange(posts)
            done.update(map(id, batch[:answered]))
            if answered < len(batch):
                self._next_try = now + RETRY_S
                break
        kept = [lines for piece in pieces if id(piece) not in done for lines in piece]
        self.flash = sorted(kept, key=lambda lines: lines[0][1])

    def run(self, clock: clocks.Clock, stop: threading.Event) -> None:
        """Step along `clock` until `stop` is set."""
        while not stop.is_set():
            due = self.step(clock.time())
            stop.wait(max(0.0, clock.sleep_seconds(due - clock.time())))

    @contextlib.contextmanager
    def running(self, clock: clocks.Clock) -> Iterator["Pvs"]:
        """Run in a thread of its own."""
        stop = threading.Event()
        thread = threading.Thread(target=self.run, args=(clock, stop), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()


class Wire:
    """Sends uploads over real sockets, in writes of 540 to 600 bytes; one kept-alive connection per call."""

    def __init__(self, collector: tuple[str, int], *, source: str = "", interface: str = "",
                 timeout_s: float = 5.0, seed: int = 1, resolve: Callable[[str], str] | None = None) -> None:
        """`source`: local address to bind; `interface`: device to bind to (root); `timeout_s`: real seconds.

        `resolve`: gives the address of the collector's name or raises OSError, for a collector known by name."""
        self.collector = collector
        self.resolve = resolve
        self.source = source
        self.interface = interface
        self.timeout_s = timeout_s
        self._rng = random.Random(f"wire {seed}")

    def __call__(self, posts: Sequence[Post]) -> int:
        """Send the uploads. Returns how many were answered with 200 and a 1002 line."""
        answered = 0
        try:
            with self._connect() as connection:
                for post in posts:
                    for piece in uploads.cut(post.wire, self._rng):
                        connection.sendall(piece)
                    reply = HTTPResponse(connection, method="POST")
                    reply.begin()
                    if reply.status != 200 or not reply.read().startswith(b"1002\t"):
                        break
                    answered += 1
        except (OSError, HTTPException):
            pass                             # counts as no answer: the upload is sent again
        return answered

    def _connect(self) -> socket.socket:
        host = self.resolve(self.collector[0]) if self.resolve else self.collector[0]
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.timeout_s)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)     # a segment for each write
            if self.interface:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface.encode())
            if self.source:
                connection.bind((self.source, 0))
            connection.connect((host, self.collector[1]))
        except OSError:
            connection.close()
            raise
        return connection


def main() -> None:
    """Run until interrupted, on the clock of SUNTAP_CLOCK."""
    parser = argparse.ArgumentParser(description="A simulated PVS.")
    parser.add_argument("--collector", required=True, metavar="HOST:PORT")
    parser.add_argument("--resolver", default="", metavar="ADDRESS", help="name server that knows the collector's HOST")
    parser.add_argument("--source", default="", metavar="ADDRESS", help="local address to send from")
    parser.add_argument("--interface", default="", help="device to send through")
    parser.add_argument("--inverters", type=int, default=12)
    parser.add_argument("--meters", choices=("none", "net", "both"), default="net")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, help="first record time of the roof, seconds since 1970")
    chosen = parser.parse_args()
    host, _, port = chosen.collector.rpartition(":")
    if not port.isdecimal():
        parser.error(f"--collector {chosen.collector}: expected HOST:PORT")
    clock = clocks.from_environment()
    now = clock.time()
    start = int(now) // INTERVAL * INTERVAL - 2 * INTERVAL if chosen.start is None else chosen.start
    roof = Roof(chosen.seed, chosen.inverters, meters=chosen.meters, start=start)
    resolve = Resolver((chosen.resolver, 53), source=chosen.source) if chosen.resolver else None
    wire = Wire((host.strip("[]"), int(port)), source=chosen.source, interface=chosen.interface, seed=chosen.seed,
                resolve=resolve)
    with contextlib.suppress(KeyboardInterrupt):
        Pvs(roof, wire, now, seed=chosen.seed).run(clock, threading.Event())


if __name__ == "__main__":
    main()
