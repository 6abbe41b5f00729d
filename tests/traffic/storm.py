"""A capture of everything at once: random hosts, wires, connections and mischief, from one seed, with the truth.

For property tests and as a recorded file: if the core survives a thousand of these, it knows TCP.
"""
import itertools
import random
from dataclasses import dataclass, replace

from appliance.simulate import truth, uploads
from appliance.simulate.packets import Host, Link, Wire
from appliance.simulate.traffic import CALM, MESSY, START_US, Close, Conversation, Frames, Mischief, merge
from appliance.simulate.uploads import Post

CLIENTS = ("192.168.1.50", "192.168.1.51", "2001:db8:1::50")
SERVERS = {4: "203.0.113.10", 6: "2001:db8:2::10"}
CLOSES: tuple[Close, ...] = ("fin", "rst", "server rst", "half", "none")
REUSE = 0.15                             # chance of the same addresses and ports once more
TAGGED = (Link.ETHERNET, Link.SLL, Link.SLL2)


@dataclass
class Capture:
    """Frames in capture order, their link layer, and the truth."""

    link: Link
    frames: Frames
    truth: truth.Truth


def posts(rng: random.Random, count: int) -> list[Post]:
    """Uploads of random size and shape; the lines are invented but look like the PVS's."""
    made = []
    for number in range(count):
        time = START_US // 1_000_000 + 300 * number
        lines = [
            ["130", uploads.stamp(time), f"4140500000{device:05}", "AC_Module_Type_C", "",
             f"{rng.randrange(10**4)}.{rng.randrange(10**4):04}", *(str(rng.random())[:6] for _ in range(8))]
            for device in range(rng.choice((0, 1, 3, 12, 24, 60)))
        ]
        body = uploads.body(lines, "ZT160000000441C0001", time + 400, rng, rng.choice(("\n", "\n", "\n", "\r\n")))
        chunks = [rng.randint(1, 700) for _ in range(4)] if rng.random() < 0.15 else []
        headers = ["User-Agent: x", "X-Empty:"] if rng.random() < 0.2 else []
        made.append(uploads.post(body, uploads.DATA if lines else uploads.COMMAND, chunks=chunks,
                                 newline=rng.choice(("\r\n", "\r\n", "\n")), expect=rng.random() < 0.1,
                                 extra_headers=headers))
    return made


def _ends(rng: random.Random, link: Link) -> tuple[Host, Host, Wire]:
    """Two random hosts and what lies between them."""
    address = rng.choice(CLIENTS)
    tagged = link in TAGGED
    vlans = tuple(rng.randint(1, 4094) for _ in range(rng.choice((0, 0, 1, 2)))) if tagged else ()
    wire = Wire(link, vlans, pppoe=tagged and rng.random() < 0.2, offload=rng.random() < 0.1)
    return Host(address, rng.randint(1024, 65535)), Host(SERVERS[6 if ":" in address else 4], 80), wire


def storm(seed: int, connections: int = 8, *, link: Link | None = None, lose: float = 0.02,
          mischief: Mischief = MESSY) -> Capture:
    """A capture of `connections` connections with 1 to 4 uploads each; `lose`: chance of a lost segment."""
    rng = random.Random(f"storm {seed}")
    link = rng.choice(list(Link)) if link is None else link
    identifications = itertools.count(rng.getrandbits(16))
    talks: list[Conversation] = []
    for number in range(connections):
        reused = bool(talks) and rng.random() < REUSE
        if reused:                           # the ports of the connection before, whether it was closed or not
            client, server, wire = talks[-1].client, talks[-1].server, talks[-1].wire
            start_us = talks[-1].now_us + rng.randrange(2_000_000)
        else:
            client, server, wire = _ends(rng, link)
            start_us = START_US + rng.randrange(3_000_000)
        handshake = reused or rng.random() < 0.85
        talk = Conversation(
            client, server, wire=wire, start_us=start_us, seed=f"{seed} {number}",
            mss=rng.choice((48, 536, 560, 600, 1448, 9000, 40000)), handshake=handshake, timestamps=rng.random() < 0.3,
            client_isn=rng.choice((None, None, 0xFFFFFFFF - rng.randrange(3000))), identifications=identifications)
        chosen = CALM if rng.random() < 0.2 else replace(mischief, lose=rng.choice((0.0, lose)))
        run = posts(rng, rng.randint(1, 4))
        for index, post in enumerate(run):
            # A connection older than the capture starts in order: its first byte must be known for one.
            fin = index == len(run) - 1 and rng.random() < 0.3
            talk.post(post, chosen if index or handshake else CALM, fin=fin, answer=rng.random() < 0.9)
        talk.close(rng.choice(CLOSES))
        talks.append(talk)
    return Capture(link, merge(talk.frames for talk in talks), truth.join(talk.truth() for talk in talks))
