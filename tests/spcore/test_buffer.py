"""Memory budgets: shared, never overrun, and all of it comes back."""
from spcore.engine import Engine
from spcore.limits import Limits
from tests.spcore.tcp import Talk, feed, post

BODY = b"130\t1\n" * 10

def test_unfinished_uploads_share_a_budget_and_what_they_completed_is_given_out_before_they_go():
    limits = Limits(max_memory=3 * 100_000)
    half = post(b"130\t1\n" * 500)[:2500]
    talks = [Talk(port=2000 + number).open().data(0, half) for number in range(100)]
    uploads, counters = feed([frame for talk in talks for frame in talk.frames], limits=limits)
    assert counters["memory_evicted"] > 0
    assert counters["memory_peak"] <= limits.max_memory
    assert len(uploads) == 100
    assert all(set(upload.body.splitlines()) == {b"130\t1"} and not upload.complete for upload in uploads)


def test_an_upload_larger_than_the_budget_comes_out_without_a_torn_line():
    limits = Limits(max_memory=3 * 8_000)
    body = b"".join(b"130\t%05d\n" % number for number in range(2000))
    talk = Talk().open()
    stream = post(body)
    for at in range(0, len(stream), 500):
        talk.data(at, stream[at:at + 500])
    uploads, counters = feed(talk.frames, limits=limits)
    assert counters["out_of_memory"] > 0
    lines = set(body.splitlines(keepends=True))
    assert all(set(upload.body.splitlines(keepends=True)) <= lines for upload in uploads)
    assert uploads and not any(upload.complete for upload in uploads)


def test_all_memory_comes_back_when_uploads_are_done():
    engine = Engine()
    talk = Talk().open()
    for number in range(50):
        talk.data(number * len(post(BODY)), post(BODY))
    assert len(engine.feed(talk.frames)) == 50
    assert engine.counters()["memory"] < 20_000
