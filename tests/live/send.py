"""Sends uploads from where it is started: `python -m tests.live.send HOST:PORT COUNT SEED [SECONDS]`.

The same seed gives the same bodies, so whoever waits for them at the other end can compute them.
"""
import random
import sys
import time

from appliance.simulate import uploads
from appliance.simulate.pvs import Wire
from appliance.simulate.roof import INTERVAL, PVS_SERIAL, START, Roof

NOON = START + 19 * 3600


def bodies(count: int, seed: int) -> list[bytes]:
    """`count` uploads' bodies, one interval each."""
    roof, rng = Roof(seed, 12), random.Random(seed)
    times = [NOON + number * INTERVAL for number in range(count)]
    return [uploads.body(roof.records(time), PVS_SERIAL, time, rng) for time in times]


def main() -> None:
    """Send them all, spread over SECONDS; fails unless every one was answered."""
    host, port = sys.argv[1].rsplit(":", 1)
    count, seed = int(sys.argv[2]), int(sys.argv[3])
    pause = float(sys.argv[4]) / count if len(sys.argv) > 4 else 0.0
    wire = Wire((host, int(port)), seed=seed)
    for body in bodies(count, seed):
        if wire([uploads.post(body)]) != 1:
            sys.exit("an upload was not answered")
        time.sleep(pause)


if __name__ == "__main__":
    main()
