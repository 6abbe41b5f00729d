"""Engine(by_mac=True), for a wire that others can send on: no station's frames become another's upload."""
import pytest

from spcore.engine import Engine
from tests.spcore.tcp import COLLECTOR, PVS, PVS_MAC, Frames, Talk, feed, post
from tests.traffic import mirrors

BODY, FORGED = b"130\t20260509220000\t1\n" * 40, b"130\t20260509220000\t9\n" * 40
FORGER_MAC = "02:00:5e:00:53:66"
MIRROR_MAC = "02:00:5e:00:53:0b"        # of the frames that tests.traffic.mirrors makes
UPLOAD = post(BODY)


def sent(frames: Frames) -> list[tuple[str, bytes]]:
    """(hardware address, body) of every upload."""
    return sorted((upload.source_mac, upload.body) for upload in feed(frames, by_mac=True)[0])


def in_turn(*talks: Talk) -> Frames:
    """The frames of connections, one of each after the other."""
    numbered = [(number, index, frame) for index, talk in enumerate(talks) for number, frame in enumerate(talk.frames)]
    return [frame for _, _, frame in sorted(numbered, key=lambda one: one[:2])]


def test_one_station_alone_is_read_as_always():
    frames = Talk().open().whole(UPLOAD).fin(len(UPLOAD)).frames
    uploads, counters = feed(frames, by_mac=True)
    assert uploads == feed(frames)[0] and uploads[0].source_mac == PVS_MAC
    assert counters["flows"] == 1


@pytest.mark.parametrize("forger_first", [True, False])
def test_who_copies_address_ports_and_sequence_numbers_has_a_connection_of_his_own(forger_first):
    true = Talk().open().whole(UPLOAD).fin(len(UPLOAD))
    forged = Talk(mac=FORGER_MAC).open().whole(post(FORGED)).fin(len(UPLOAD))
    frames = in_turn(forged, true) if forger_first else in_turn(true, forged)
    assert sent(frames) == [(PVS_MAC, BODY), (FORGER_MAC, FORGED)]


def test_a_segment_thrown_into_the_pvs_connection_is_no_part_of_its_upload():
    body = b"130\t20260509220000\t5\n"
    stream = post(b"", headers="Transfer-Encoding: chunked") + b"%x\r\n" % (3 * len(body))
    talk = Talk().open().data(0, stream)
    forged = Talk(mac=FORGER_MAC).data(len(stream), body.replace(b"5", b"9") * 3)
    rest = body * 3 + b"\r\n0\r\n\r\n"
    talk.frames += forged.frames
    talk.data(len(stream), rest)
    assert (PVS_MAC, body * 3) in sent(talk.frames)
    assert feed(talk.frames)[0][0].body != body * 3         # the same without: the first captured byte wins


@pytest.mark.parametrize("layer", [
    mirrors.tzsp(), mirrors.vxlan(), mirrors.geneve(), mirrors.gre(), mirrors.erspan(1), mirrors.erspan(2),
    mirrors.erspan(3), mirrors.mpls(18, pseudowire=True)])
def test_a_wrapped_frame_is_of_whoever_wrapped_it(layer):
    frames = []
    for time, frame in Talk().open().whole(UPLOAD).fin(len(UPLOAD)).frames:
        inside, kind = layer(frame, mirrors.ETHERNET)
        frames.append((time, mirrors.frame(inside, kind)))
    assert sent(frames) == [(MIRROR_MAC, BODY)]
    assert feed(frames)[0][0].source_mac == PVS_MAC         # at a mirror port the one inside is meant


@pytest.mark.parametrize("own_last", [True, False])
def test_fragments_of_two_stations_make_no_datagram(own_last):
    def pieces(mac: str, stream: bytes) -> Frames:
        return Talk(mac=mac).fragments(0, stream, 400).frames

    true, forged = pieces(PVS_MAC, UPLOAD), pieces(FORGER_MAC, post(FORGED))
    assert len(true) == len(forged) > 2
    mixed = [*forged[:-1], true[-1]] if own_last else [*true[:-1], forged[-1]]
    assert sent(mixed) == [] and sent([*mixed, *true, *forged]) == [(PVS_MAC, BODY), (FORGER_MAC, FORGED)]


def test_frames_without_hardware_addresses_are_read_as_always():
    engine = Engine(by_mac=True)
    frames = [(time, frame[14:]) for time, frame in Talk().open().whole(UPLOAD).fin(len(UPLOAD)).frames]
    assert [one.body for one in engine.feed(frames, 101) + engine.finish()] == [BODY]
    assert engine.by_mac and not Engine().by_mac


def test_a_flood_of_stations_on_one_connection_costs_no_more_than_one_of_ports():
    frames = [frame for number in range(3000)
              for frame in Talk(PVS, server=COLLECTOR, mac=f"02:00:5e:00:{number >> 8:02x}:{number & 255:02x}")
              .syn().frames]
    true = Talk().open().whole(UPLOAD).fin(len(UPLOAD))
    assert sent(frames + true.frames) == [(PVS_MAC, BODY)]
