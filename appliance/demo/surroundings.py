"""The demo: a simulated roof, PVS and PVOutput around the real suntap.

Theory: suntap is real; only its surroundings are simulated. The simulated PVS hands its uploads to Recorder, which
turns them into the TCP segments that a bridge would see, with reordering, repeats and fragments. Days of history
become one capture file, which is imported. Later uploads become small capture files in a spool folder, which the
capture process reads in place of an interface. If the maker is gone, the demo also plays the kernel: it hands uploads
that the collector process wants to the stand-in, and gives its answers to the PVS. Time runs SPEED times as fast, on
the Clock that all processes share. The roof is a function of its seed and start, so a later start continues where the
last one ended.
"""
import json
import random
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.collector import PEER, PEER_MAC
from appliance.simulate import pcapfile, traffic
from appliance.simulate.packets import Host
from appliance.simulate.pvs import Pvs
from appliance.simulate.roof import INTERVAL, Roof
from appliance.simulate.traffic import Conversation, Frames, Mischief
from appliance.simulate.uploads import Post
from appliance.system import heartbeat
from appliance.system.clock import Clock
from appliance.system.files import short_path, write_atomic

SPEED = 60                  # simulated seconds in a second
HISTORY_DAYS = 4
BEGIN_HOUR = 12             # local hour at which the first start begins: the curve of the day is there and grows
ZONE = "America/Los_Angeles"
INVERTERS = 12
SEED = 7
OUTAGE = (2, 9, 12)         # days before the start, from hour, to hour: the PVS gets no answer
REPLACED = (3, 5)           # (days before the start, index of the inverter that is replaced)
PORTS = range(8080, 8180)   # for the page: the first free one is taken
FACTS = "demo.json"
GONE_HOURS = 20             # hours without an answer before the demo begins, if the maker is gone
CLIENT_MAC = traffic.CLIENT.mac

MISCHIEF = Mischief(reorder=0.02, duplicate=0.01, retransmit=0.01, overlap=0.005, fragment=0.01)


@dataclass
class Recorder:
    """The wire between PVS and collector as a capture sees it: `exchange` for a Pvs, frames for a capture file."""

    now: float
    outages: Sequence[tuple[float, float]] = ()
    seed: int = SEED
    connections: int = 0

    def __post_init__(self) -> None:
        self._rng = random.Random(f"recorder {self.seed}")
        self.frames: Frames = []

    def exchange(self, posts: Sequence[Post]) -> int:
        """Record one connection that carries `posts`. Returns how many the maker's server answered."""
        silent = any(start <= self.now < end for start, end in self.outages)
        self.connections += 1
        client = Host(traffic.CLIENT.address, 32768 + self.connections % 28000, traffic.CLIENT.mac)
        talk = Conversation(client, traffic.SERVER, start_us=int(self.now * 1e6), seed=self._rng.randrange(1 << 30))
        for post in posts:
            talk.post(post, MISCHIEF, answer=not silent)
        talk.close()
        self.frames += talk.frames
        return 0 if silent else len(posts)

    def take(self) -> Frames:
        """Return the frames since the last call."""
        frames, self.frames = self.frames, []
        return frames


@dataclass(frozen=True)
class Facts:
    """The state that a later start needs: the time of the roof's first record, in seconds since 1970 UTC."""

    roof_start: int

    @staticmethod
    def load(folder: Path) -> "Facts | None":
        try:
            return Facts(int(json.loads((folder / FACTS).read_text())["roof_start"]))
        except (OSError, ValueError, KeyError):
            return None

    def save(self, folder: Path) -> None:
        write_atomic(folder / FACTS, json.dumps({"roof_start": self.roof_start}).encode())


def first_now(clock: Clock) -> int:
    """Return the begin of the simulated time in seconds since 1970 UTC: today at BEGIN_HOUR of the site."""
    today = datetime.fromtimestamp(clock.time(), ZoneInfo(ZONE))
    return int(today.replace(hour=BEGIN_HOUR, minute=0, second=0, microsecond=0).timestamp())


def roof(start: int) -> Roof:
    """Return the demo's roof from `start` (seconds since 1970 UTC) on. One inverter is replaced in its history."""
    made = Roof(SEED, INVERTERS, start=start, timezone=ZONE)
    made.replace(REPLACED[1], start + (HISTORY_DAYS - REPLACED[0]) * 86400 + 20 * INTERVAL, "414050000000099")
    return made


def history(path: Path, begin: int, made: Roof) -> Iterator[float]:
    """Write the capture of everything before `begin` to `path`. Yields the share done, 0 to 1, regularly."""
    def around(days: int, hour: int) -> float:
        day = datetime.fromtimestamp(begin, ZoneInfo(ZONE)) - timedelta(days=days)
        return day.replace(hour=hour, minute=0).timestamp()

    recorder = Recorder(made.start, [(around(OUTAGE[0], OUTAGE[1]), around(OUTAGE[0], OUTAGE[2]))])
    pvs = Pvs(made, recorder.exchange, made.start, seed=SEED)
    captured: list[Frames] = []
    now = float(made.start)
    while now < begin:
        recorder.now = now
        due = pvs.step(now)
        captured.append(recorder.take())
        now = max(due, now + 1)
        if len(captured) % 200 == 0:
            yield (now - made.start) / (begin - made.start)
    partial = path.with_suffix(".tmp")
    pcapfile.write(partial, sorted((frame for frames in captured for frame in frames), key=lambda frame: frame[0]))
    partial.replace(path)


class Spool:
    """The live wire: writes the uploads of the simulated PVS as capture files into a folder.

    `maker_gone`: time from which the maker's server does not answer, in seconds since 1970 UTC.
    """

    def __init__(self, folder: Path, clock: Clock, maker_gone: float = float("inf")) -> None:
        self.folder, self.clock = folder, clock
        self.recorder = Recorder(clock.time(), [(maker_gone, float("inf"))], seed=int(clock.time()))
        folder.mkdir(parents=True, exist_ok=True)

    def exchange(self, posts: Sequence[Post]) -> int:
        """Write the frames of one connection to a file. Returns how many of `posts` the maker's server, or else the
        stand-in, answered."""
        self.recorder.now = self.clock.time()
        answered = self.recorder.exchange(posts)
        frames = self.recorder.take()
        partial = self.folder / "partial"
        pcapfile.write(partial, frames)
        partial.replace(self.folder / f"{frames[0][0]:017d}.pcap")
        return answered or self._stood_in(posts)

    def _stood_in(self, posts: Sequence[Post]) -> int:
        """Return how many of `posts` the stand-in answers; 0 if it wants none."""
        last = heartbeat.read("collector", self.folder.parent)
        if not last or not last.get("wanted"):
            return 0
        return sum(1 for post in posts if _answered(Path(last["page_socket"]), post))


def _answered(page_socket: Path, post: Post) -> bool:
    """Return True if the stand-in answers an upload with 1002."""
    try:
        with short_path(page_socket) as name, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(name)
            head = f"{PEER}: {traffic.CLIENT.address}:{traffic.CLIENT.port}\r\n{PEER_MAC}: {CLIENT_MAC}\r\n\r\n"
            connection.sendall(post.wire[:post.head - 2] + head.encode() + post.body)
            answer = HTTPResponse(connection)
            answer.begin()
            return answer.status == 200 and answer.read().startswith(b"1002\t")
    except (OSError, HTTPException):
        return False


@contextmanager
def pvs(made: Roof, folder: Path, clock: Clock, maker_gone: bool = False) -> Iterator[None]:
    """Run the simulated PVS, which sends into the spool `folder`, until the end of the block.

    `maker_gone`: the PVS has had no answer for GONE_HOURS; the intervals of that time are in its flash.
    """
    now = clock.time()
    box = Pvs(made, Spool(folder, clock, now if maker_gone else float("inf")).exchange, now, seed=SEED)
    if maker_gone:
        end = int(now - INTERVAL) // INTERVAL * INTERVAL
        box.fill_flash(max(made.start, end - GONE_HOURS * 3600), end)
    with box.running(clock):
        yield


def free_port(ports: Sequence[int] = PORTS) -> int:
    """Return the first of `ports` that is free on the loopback. Raises OSError if none is."""
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port from {ports[0]} to {ports[-1]}")
