"""A PVS's life as a capture file: its uploads become frames instead of going out on a socket.

    recording = Recording(mischief=MESSY, state=lambda now: "gone" if START < now < END else "up")
    record(Pvs(Roof(), recording, begin), recording, begin, end)
    pcapfile.write("life.pcap", recording.frames())

The collector is "up", "hang" (takes an upload and never answers, so the same bytes come again) or "gone" (nothing
reaches the wire: the box keeps its data).
"""
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from appliance.simulate import truth, uploads
from appliance.simulate.packets import Wire
from appliance.simulate.pvs import Pvs
from appliance.simulate.traffic import CALM, CLIENT, SERVER, Conversation, Frames, Mischief, merge
from appliance.simulate.uploads import Post

State = Literal["up", "hang", "gone"]
FIRST_PORT = 40000


class Recording:
    """An exchange for `Pvs` that writes conversations."""

    def __init__(self, *, seed: int = 1, mischief: Mischief = CALM, state: Callable[[float], State] = lambda _: "up",
                 reuse: int = 1, heartbeats: bool = True, wire: Wire | None = None) -> None:
        """`reuse`: uploads on one connection before the next is opened; `heartbeats` False: leave them out."""
        self.now = 0.0
        self.state = state
        self.mischief = mischief
        self.reuse = reuse
        self.heartbeats = heartbeats
        self.talks: list[Conversation] = []
        self._wire = wire
        self._seed = seed
        self._rng = random.Random(f"recording {seed}")
        self._posted = 0                     # uploads on the latest connection
        self._identifications = itertools.count(1)

    def __call__(self, posts: Sequence[Post]) -> int:
        """Record `posts` at `now`; returns how many were answered."""
        if not self.heartbeats and posts and posts[0].path == uploads.COMMAND:
            return len(posts)
        state = self.state(self.now)
        if state == "gone":
            return 0
        for post in posts:
            talk = self._connection()
            talk.post(post, self.mischief, answer=state == "up")
            self._posted += 1
            if state == "hang":
                self._posted = self.reuse
                return 0
        return len(posts)

    def _connection(self) -> Conversation:
        now_us = int(self.now * 1_000_000) + self._rng.randrange(900_000)
        if self.talks and self._posted < self.reuse:
            self.talks[-1].now_us = max(self.talks[-1].now_us, now_us)
            return self.talks[-1]
        if self.talks:
            self.talks[-1].close()
        client = replace(CLIENT, port=FIRST_PORT + len(self.talks) % 20000)
        talk = Conversation(client, SERVER, wire=self._wire, start_us=now_us, seed=f"{self._seed} {len(self.talks)}",
                            mss=self._rng.randint(*uploads.SEGMENT), identifications=self._identifications)
        self.talks.append(talk)
        self._posted = 0
        return talk

    def frames(self) -> Frames:
        """All connections, in capture order; the last one is closed."""
        if self.talks:
            self.talks[-1].close()
        return merge(talk.frames for talk in self.talks)

    def truth(self) -> truth.Truth:
        """What the frames hold."""
        return truth.join(talk.truth() for talk in self.talks)


def record(pvs: Pvs, recording: Recording, start: float, end: float) -> None:
    """Let `pvs` live from `start` to `end` in no time at all."""
    recording.now = start
    while recording.now < end:
        recording.now = pvs.step(recording.now)
