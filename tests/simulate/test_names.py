"""The simulated PVS's way to an address, and the name server's ways to fail."""
import pytest

from appliance.collector import NAME
from appliance.collector.dns import encode
from appliance.simulate import uploads
from appliance.simulate.collector import Collector
from appliance.simulate.names import Answer, NameServer, Resolver
from appliance.simulate.pvs import Wire


def test_a_name_is_asked_for_once_and_kept_as_long_as_its_time_to_live():
    now = [0.0]
    with NameServer("203.0.113.5", ttl=60).running() as server:
        resolve = Resolver(server.address, clock=lambda: now[0])
        assert [resolve(NAME), resolve(NAME)] == ["203.0.113.5", "203.0.113.5"] and len(server.asked) == 1
        server.target, now[0] = "203.0.113.6", 59.0
        assert resolve(NAME) == "203.0.113.5"
        now[0] = 61.0
        assert resolve(NAME) == "203.0.113.6" and len(server.asked) == 2
        assert encode(NAME) in server.asked[0]


@pytest.mark.parametrize("answer", [Answer.NO_NAME, Answer.FAILURE, Answer.SILENCE])
def test_a_name_that_is_gone_is_an_error_and_no_upload_leaves(answer):
    with Collector() as collector, NameServer("127.0.0.1").running() as server:
        server.answer = answer
        resolve = Resolver(server.address, timeout_s=0.1)
        with pytest.raises(OSError):
            resolve(NAME)
        wire = Wire((NAME, collector.address[1]), resolve=resolve)
        assert wire([uploads.post(b"100\n")]) == 0 and not collector.received
        server.answer, resolve.timeout_s = Answer.ADDRESS, 30.0
        assert wire([uploads.post(b"100\n")]) == 1
