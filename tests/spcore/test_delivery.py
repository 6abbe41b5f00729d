"""What goes out, once and in order; and who goes when memory is short."""
from spcore.limits import Limits
from tests.spcore.tcp import Talk, feed, post, see


def test_queued_bytes_of_all_connections_stay_within_the_budget():
    limits = Limits(max_memory=3 * 200_000)
    talks = [Talk(port=2000 + number).open() for number in range(100)]
    frames = [frame for talk in talks for frame in talk.data(10, b"x" * 5000).frames]
    _, counters = feed(frames, limits=limits)
    assert counters["memory_evicted"] > 0
    assert counters["memory_peak"] <= limits.max_memory
    assert counters["memory"] <= 64 * 200


def test_one_connection_that_fills_the_budget_alone_declares_its_hole():
    limits = Limits(max_memory=3 * 100_000)
    talk = Talk().open()
    for at in range(10, 200_000, 1000):
        talk.data(at, b"x" * 1000)
    data, gaps, counters = see(talk, limits)
    assert (len(data), gaps) == (200_000, [(0, 10)])
    assert counters["holes_by_queue"] >= 1
    assert counters["memory_peak"] <= limits.max_memory


def test_evicting_one_upload_for_the_sake_of_another_that_is_evicted_itself_harms_nobody():
    """Every flow holds half an upload and a full queue behind a hole: each eviction needs memory of its own."""
    limits = Limits(max_memory=3 * 60_000)
    upload = post(b"".join(b"1\t%0200d\n" % number for number in range(200)))
    talks = [Talk(port=2000 + number, isn=number).open() for number in range(60)]
    for round_ in range(6):
        for number, talk in enumerate(talks):
            talk.data(round_ * 1200, upload[round_ * 1200:round_ * 1200 + 1000]).wait(number)
    frames = sorted(frame for talk in talks for frame in talk.frames)
    uploads, counters = feed(frames, limits=limits)
    assert counters["memory_evicted"] > 0
    assert counters["memory_peak"] <= limits.max_memory
    whole = set(upload.split(b"\r\n\r\n")[1].splitlines(keepends=True))
    assert all(set(found.body.splitlines(keepends=True)) <= whole for found in uploads)


def test_delivered_bytes_never_change():
    talk = Talk().open().data(0, b"first").data(0, b"other").data(3, b"xxyz")
    assert see(talk)[0] == b"firstyz"


def test_bytes_missing_before_the_fin_are_a_hole():
    assert see(Talk().open().data(0, b"abc").fin(10))[:2] == (b"abc", [(3, 7)])


def test_every_position_is_told_once_as_bytes_or_as_a_hole():
    talk = Talk().open().data(20, b"u" * 5).data(0, b"a" * 5).data(3, b"b" * 4).data(10, b"q" * 3).data(22, b"v" * 9)
    data, gaps, counters = see(talk.ack(40).fin(45))
    assert data == b"aaaaabb" + b"qqq" + b"uuuuu" + b"vvvvvv"
    assert gaps == [(7, 3), (13, 7), (31, 14)]
    assert (counters["holes"], counters["hole_bytes"]) == (3, 24)


def test_a_rst_promises_no_bytes_and_a_fin_does():
    assert see(Talk().open().data(0, b"abc").ack(3).rst(10))[:2] == (b"abc", [])
    assert see(Talk().open().data(0, b"abc").ack(3).fin(10))[:2] == (b"abc", [(3, 7)])


def test_the_least_useful_goes_first_when_memory_is_short():
    """A queue behind a hole is evicted before an upload that is half here, for the sake of queues."""
    limits = Limits(max_memory=3 * 60_000)
    half = Talk(port=999).open().data(0, post(b"1\n" * 50)[:-2])
    queues = [Talk(port=2000 + number).open().data(10, b"x" * 3000) for number in range(30)]
    rest = Talk(port=999).data(len(post(b"1\n" * 50)) - 2, b"1\n")
    frames = [frame for talk in (half, *queues, rest) for frame in talk.frames]
    uploads, counters = feed(frames, limits=limits)
    assert counters["memory_evicted"] > 0
    assert [(upload.body, upload.complete) for upload in uploads] == [(b"1\n" * 50, True)]
