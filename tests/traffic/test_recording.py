"""A PVS's life as a capture: nothing that was sent is missing, nothing that was not sent is there."""
import itertools
from collections import Counter

from appliance.simulate import uploads
from appliance.simulate.pvs import Pvs
from appliance.simulate.roof import INTERVAL, START, Roof
from appliance.simulate.traffic import MESSY
from tests.traffic.recording import Recording, record

MORNING = START + 16 * 3600


def intervals(recording: Recording) -> Counter:
    return Counter(line[1] for sent in recording.truth().uploads for line in sent.lines if line[0] == "120")


def test_every_interval_is_recorded_once_in_peace_and_time_never_steps_back():
    recording = Recording(reuse=3)
    record(Pvs(Roof(1, 2), recording, MORNING), recording, MORNING, MORNING + 6 * 3600)
    assert set(intervals(recording).values()) == {1}
    assert len(intervals(recording)) == 72
    frames = recording.frames()
    assert all(before[0] <= after[0] for before, after in itertools.pairwise(frames))
    assert MORNING <= frames[0][0] / 1e6 < frames[-1][0] / 1e6 < MORNING + 6 * 3600 + 60


def test_heartbeats_can_be_left_out():
    paths = []
    for heartbeats in (True, False):
        recording = Recording(heartbeats=heartbeats)
        record(Pvs(Roof(1, 2), recording, MORNING), recording, MORNING, MORNING + 3600)
        paths.append(Counter(sent.path for sent in recording.truth().uploads))
    assert paths[0][uploads.COMMAND] == 30 and paths[1][uploads.COMMAND] == 0
    assert paths[0][uploads.DATA] == paths[1][uploads.DATA] == 12


def test_while_the_collector_hangs_the_same_upload_is_on_the_wire_again_and_again():
    recording = Recording(heartbeats=False, state=lambda now: "hang" if now < MORNING + 1800 else "up")
    record(Pvs(Roof(1, 2), recording, MORNING), recording, MORNING, MORNING + 3600)
    bodies = Counter(sent.body for sent in recording.truth().uploads)
    assert max(bodies.values()) > 10
    assert len(intervals(recording)) == 12


def test_while_the_collector_is_gone_nothing_is_on_the_wire_and_afterwards_everything_is():
    gone, back = MORNING + 3600, MORNING + 20 * 3600
    recording = Recording(mischief=MESSY, state=lambda now: "gone" if gone <= now < back else "up")
    record(Pvs(Roof(1, 2), recording, MORNING), recording, MORNING, MORNING + 24 * 3600)
    assert not [at for at, _ in recording.frames() if gone + 60 < at / 1e6 < back]
    expected = {uploads.stamp(t) for t in range(MORNING - INTERVAL, MORNING + 24 * 3600 - 2 * INTERVAL, INTERVAL)}
    assert expected <= set(intervals(recording)) and len(intervals(recording)) <= len(expected) + 1
