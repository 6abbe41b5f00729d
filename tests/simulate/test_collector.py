"""The simulated collector: what it is sent it keeps, and it fails in every way that a test asks for."""
import random

import pytest

from appliance.simulate import uploads
from appliance.simulate.collector import Collector, Mode
from appliance.simulate.pvs import Wire
from appliance.simulate.roof import START, Roof

MORNING = START + 16 * 3600


def test_over_real_sockets_the_collector_gets_what_the_box_sent():
    with Collector() as collector:
        wire = Wire(collector.address)
        posts = [uploads.post(uploads.body(Roof(1).records(MORNING), "S", MORNING, random.Random(n)))
                 for n in range(3)]
        posts.append(uploads.post(b"100\tSPMS\n", chunks=[4]))
        assert wire(posts) == 4
        assert [upload.body for upload in collector.received] == [post.body for post in posts]
        assert {upload.path for upload in collector.received} == {uploads.DATA}


@pytest.mark.parametrize("mode, stored", [(Mode.HANG, 1), (Mode.REFUSE, 0), (Mode.ERROR, 1),
                                          (Mode.RESET, 1), (Mode.WORDLESS, 1)])
def test_a_collector_that_fails_has_answered_nothing(mode, stored):
    with Collector() as collector:
        collector.mode = mode
        assert Wire(collector.address, timeout_s=0.3)([uploads.post(b"100\n"), uploads.post(b"100\n")]) == 0
        assert len(collector.received) == stored
    assert Wire(collector.address, timeout_s=0.3)([uploads.post(b"100\n")]) == 0       # nobody there
