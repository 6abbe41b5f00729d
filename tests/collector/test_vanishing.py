"""Each way in which the maker's server can vanish, between real kernels: every upload is delivered and kept once."""
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from appliance.simulate import uploads
from appliance.simulate.collector import Mode
from appliance.simulate.names import Answer
from appliance.simulate.roof import INTERVAL, PVS_SERIAL, Roof
from appliance.store import inbox
from tests.collector.home import Home, make_config, redirecting

pytestmark = pytest.mark.root

COUNT = 150
AT_ONCE = 10            # uploads on one connection
WAYS = ("no name", "name server fails", "no name server", "drops", "refuses", "resets", "hangs", "answers 500",
        "answers 200 without 1002", "resets after the body")


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with Home() as made:
        yield made


@pytest.fixture(scope="module")
def config(home, tmp_path_factory) -> Iterator[Path]:
    path = make_config(tmp_path_factory.mktemp("box"), "on")
    with home.suntap(path, "run"):
        redirecting(path)
        yield path


@contextmanager
def vanished(home: Home, way: str) -> Iterator[None]:
    """The maker's server is gone in this way."""
    modes = {"resets": Mode.REFUSE, "hangs": Mode.HANG, "answers 500": Mode.ERROR,
             "answers 200 without 1002": Mode.WORDLESS, "resets after the body": Mode.RESET}
    names = {"no name": Answer.NO_NAME, "name server fails": Answer.FAILURE, "no name server": Answer.SILENCE}
    home.names.answer = names.get(way, Answer.ADDRESS)
    with ExitStack() as stack:
        if way in modes:
            stack.enter_context(home.maker()).mode = modes[way]
        elif way == "drops":
            stack.enter_context(home.dropped())
        yield
    home.names.answer = Answer.ADDRESS


def bodies(seed: int) -> list[bytes]:
    roof, rng = Roof(seed, 12), random.Random(seed)
    noon = roof.start + 19 * 3600 + seed * 86400
    return [uploads.body(roof.records(noon + n * INTERVAL), PVS_SERIAL, noon + n * INTERVAL, rng) for n in range(COUNT)]


def stored(config: Path) -> list[bytes]:
    with closing(inbox.connect(config.parent / "data", readonly=True)) as connection:
        return [upload.body for _, upload in inbox.after(connection, 0, 1_000_000)]


@pytest.mark.parametrize("number, way", list(enumerate(WAYS)), ids=WAYS)
def test_every_upload_is_delivered_and_kept_exactly_once(home, config, number, way):
    sent = bodies(number + 1)
    with vanished(home, way):
        wire = home.wire()
        began, delivered = time.monotonic(), 0
        for at in range(0, COUNT, AT_ONCE):
            delivered += wire([uploads.post(body) for body in sent[at:at + AT_ONCE]])
        print(f"{way}: {delivered} of {COUNT} in {time.monotonic() - began:.1f} s")
    assert delivered == COUNT
    found = stored(config)
    assert [body for body in found if body in set(sent)] == sent and len(found) == len(set(found))
