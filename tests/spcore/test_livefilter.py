"""The kernel's filter of a live capture: it compiles for every link type and leaves no frame of a PVS out."""
import random

import pytest

from appliance.simulate import pcapfile, uploads
from appliance.simulate.packets import Host, Link, Wire
from appliance.simulate.traffic import Conversation, Mischief
from spcore.livefilter import live_filter


def test_the_live_filter_lets_fragments_and_tags_through_and_compiles():
    import pcapy
    for text in (live_filter((80, 8080)), live_filter((80,), "192.168.1.50"), live_filter((80,), "2001:db8::50")):
        assert "vlan" in text
        pcapy.compile(1, 65535, text, 1, 0)


CHOICES = [{}, {"host": "192.168.1.50"}, {"host": "2001:db8::1"}, {"mac": "02:00:5e:00:53:01"}]


@pytest.mark.parametrize("link", [0, 1, 9, 12, 50, 51, 104, 108, 113, 166, 228, 229, 239, 276])
@pytest.mark.parametrize("chosen", CHOICES)
def test_every_link_type_that_is_read_live_has_a_filter_that_compiles(link, chosen):
    import pcapy
    pcapy.compile(link, 65535, live_filter((80, 8080), link_type=link, **chosen), 1, 0)


@pytest.mark.parametrize("tags", [(), (5,), (5, 6)])
@pytest.mark.parametrize(("client", "server"), [("192.168.1.50", "203.0.113.10"), ("2001:db8:1::50", "2001:db8:2::10")])
@pytest.mark.parametrize("one_pvs", ["none", "host", "mac"])
def test_the_live_filter_takes_every_frame_of_a_pvs_also_fragments_behind_one_or_two_tags(
        tmp_path, tags, client, server, one_pvs):
    import pcapy
    talk = Conversation(Host(client, 40001, "02:00:5e:00:53:50"), Host(server, 80), seed="f",
                        wire=Wire(Link.ETHERNET, tags))
    lines = [["130", "20260509160000", str(device), "x", "", "1.0"] for device in range(60)]
    talk.post(uploads.post(uploads.body(lines, "ZT1", 1778342400, random.Random(1))), Mischief(fragment=0.5))
    talk.close("fin")
    pcapfile.write(tmp_path / "x.pcap", talk.frames)
    only = {"none": {}, "host": {"host": client}, "mac": {"mac": "02:00:5e:00:53:50"}}[one_pvs]
    reader = pcapy.open_offline(str(tmp_path / "x.pcap"))
    reader.setfilter(live_filter((80,), **only))
    taken = 0
    while reader.next()[0] is not None:
        taken += 1
    assert taken == len(talk.frames)
