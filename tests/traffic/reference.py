"""The reference capture: 1,000,044 packets, 782 MB, 16 days; one PVS inside ten times as much of the house's traffic.

    python -m tests.traffic.reference OUT.pcap        (also writes OUT.truth.json; about a minute)

The PVS (192.168.1.50) sends 4,788 uploads of about 3.25 kB in seven segments, with reordering, retransmission, overlap,
fragments, keep-alive probes, sequence wrap and chunked bodies; 53 of them have lost segments. Of the other 4,735 every
byte is there. Repeatable byte for byte. Overlapping bytes never differ and no reset is forged: what any reassembler
that deserves the name gets right.
"""
import argparse
import heapq
import itertools
import random
from pathlib import Path

from appliance.simulate import pcapfile, truth, uploads
from appliance.simulate.packets import Host
from appliance.simulate.roof import INTERVAL, PVS_SERIAL, START, Roof
from appliance.simulate.traffic import CLIENT, SERVER, Conversation, Mischief, merge
from tests.traffic.household import household, top_up

PACKETS = 1_000_044
BYTES = 782_000_000
PVS_PACKETS = 90_899
UPLOADS = 4_788
BROKEN = 53
INVERTERS = 24
MSS = 536
MISCHIEF = Mischief(reorder=0.03, duplicate=0.015, retransmit=0.01, overlap=0.015, fragment=0.02, keepalive=0.04,
                    late_acks=0.06)
CHUNKED, KEPT_ALIVE, WRAPPING = 0.03, 0.05, 0.02


def conversations(count: int, broken: int) -> list[Conversation]:
    """The PVS's connections with `count` uploads, `broken` of which lack segments."""
    rng = random.Random("reference")
    roof = Roof(16, INVERTERS)
    identifications = itertools.count(1)
    holes = set(rng.sample(range(count), broken))
    talks: list[Conversation] = []
    number = 0
    while number < count:
        run = 1 if number in holes or rng.random() > KEPT_ALIVE else min(3, count - number)
        if any(later in holes for later in range(number + 1, number + run)):
            run = 1
        sent = START + number * INTERVAL + 581
        talk = Conversation(
            Host(CLIENT.address, 32768 + number * 7 % 28000, CLIENT.mac), SERVER, start_us=sent * 1_000_000,
            seed=f"reference {number}", mss=MSS, identifications=identifications,
            client_isn=0xFFFFFFFF - rng.randrange(3000) if rng.random() < WRAPPING else None)
        for index in range(number, number + run):
            body = uploads.body(roof.records(START + index * INTERVAL), PVS_SERIAL, sent, rng)
            post = uploads.post(body, chunks=[rng.randint(300, 1500)] if rng.random() < CHUNKED else [])
            if index in holes:
                lose(talk, post, rng)
            else:
                talk.post(post, MISCHIEF)
            talk.now_us += 1_000_000
        talk.close()
        talks.append(talk)
        number += run
    return talks


def lose(talk: Conversation, post: uploads.Post, rng: random.Random) -> None:
    """One upload with a lost segment or two, anywhere in it."""
    segments = -(-len(post.wire) // MSS)
    missing = set(rng.sample(range(segments), rng.choice((1, 1, 2))))
    start, end = talk.begin(post)
    for index, at in enumerate(range(start, end, MSS)):
        talk.transmit(at, min(at + MSS, end), captured=index not in missing)
        if index % 2:
            talk.acknowledge()
    talk.acknowledge()
    talk.reply(uploads.response(talk.now_us // 1_000_000))


def make(path: Path, packets: int = PACKETS, size: int = BYTES, pvs_packets: int = PVS_PACKETS,
         count: int = UPLOADS, broken: int = BROKEN) -> truth.Truth:
    """Write the capture and its truth beside it; smaller numbers make a smaller one of the same kind."""
    talks = conversations(count, broken)
    frames = merge(talk.frames for talk in talks)
    if len(frames) > pvs_packets:
        raise ValueError(f"{len(frames)} packets of the PVS where {pvs_packets} were to be")
    start_us, end_us = frames[0][0] - 60_000_000, frames[-1][0] + 60_000_000
    frames = merge([frames, top_up(pvs_packets - len(frames), start_us, end_us)])
    held = 24 + 16 * packets + sum(len(frame) for _, frame in frames)
    rest = household(16, start_us, end_us, packets - pvs_packets, size - held)
    everything = heapq.merge(frames, rest, key=lambda packet: packet[0])
    written = pcapfile.write(path, everything)
    if written != packets:
        raise ValueError(f"{written} packets were written where {packets} were to be")
    whole = truth.join(talk.truth() for talk in talks)
    whole.save(path.with_suffix(".truth.json"))
    return whole


def main() -> None:
    """Write the capture named on the command line."""
    parser = argparse.ArgumentParser(description="Make the reference capture and its truth.")
    parser.add_argument("out", type=Path, metavar="OUT.pcap")
    path = parser.parse_args().out
    whole = make(path)
    print(f"{path}: {PACKETS} packets, {path.stat().st_size} bytes, {len(whole.uploads)} uploads, "
          f"{len(whole.exact())} of them whole")


if __name__ == "__main__":
    main()
