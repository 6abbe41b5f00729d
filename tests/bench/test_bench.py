"""The benchmark's judgement: a score that notices every mistake, and peers that do the work they are timed for."""
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from appliance.simulate import uploads
from tests.bench import exact
from tests.bench.measure import BenchError, peak, run
from tests.bench.programs import FILTER, Program, compiled, suntap
from tests.traffic import reference

BODY = b"100\tSPMS\t10\tX\t20260509160000\n130\t20260509155500\ta\tm\t\t1.5\n102\tabc=\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture of the reference's kind, a hundredth of it, its truth beside it."""
    path = tmp_path_factory.mktemp("bench") / "small.pcap"
    reference.make(path, 10_000, 7_800_000, 1_500, 60, 4)
    return path


def printed(path: Path, *bodies: bytes, complete: bool = True) -> Path:
    lines = [{"record": line.split("\t"), "complete": complete}
             for body in bodies for line in body.decode().splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_printed_lines_give_the_body_back(tmp_path: Path) -> None:
    assert list(exact.of_json_lines(printed(tmp_path / "out", BODY, BODY))) == [BODY, BODY]


def test_incomplete_uploads_are_not_judged(tmp_path: Path) -> None:
    assert list(exact.of_json_lines(printed(tmp_path / "out", BODY, complete=False))) == []


@pytest.mark.parametrize("given, score", [
    ([BODY, BODY], (2, 0)),
    ([BODY], (1, 0)),
    ([BODY, BODY, BODY], (2, 1)),
    ([BODY, BODY.replace(b"1.5", b"1.6")], (1, 1)),
    ([BODY + BODY], (0, 1)),
])
def test_missing_doubled_changed_and_glued_uploads_cost(given: list[bytes], score: tuple[int, int]) -> None:
    truth = Counter({hashlib.sha256(BODY).hexdigest(): 2})
    assert exact.score(given, truth) == exact.Score(*score)


@pytest.mark.parametrize("chunks", [(), (7,)])
def test_requests_are_found_in_a_flow_file(chunks: tuple[int, ...]) -> None:
    wire = uploads.post(BODY, chunks=chunks).wire
    assert list(exact.requests(wire + wire + wire[:-1])) == [BODY, BODY]


@pytest.mark.parametrize("filtered", [True, False])
def test_suntap_is_exact_on_a_small_reference_capture(small: Path, filtered: bool, tmp_path: Path) -> None:
    truth = exact.expected(small.with_suffix(".truth.json"))
    program = suntap(small, filtered)
    assert peak(program, tmp_path / "out") > 0
    assert exact.score(exact.of_json_lines(tmp_path / "out"), truth) == exact.Score(56, 0)


@pytest.mark.parametrize("name", ["nids", "tins"])
@pytest.mark.parametrize("chosen", [(FILTER,), ()])
def test_a_peer_does_all_of_the_work_it_is_timed_for(small: Path, name: str, chosen: tuple[str, ...],
                                                     tmp_path: Path) -> None:
    if not compiled(name, tmp_path):
        pytest.skip(f"lib{name}-dev and a compiler are needed")
    peer, ours = Program(name, (str(tmp_path / name), str(small), *chosen)), suntap(small, bool(chosen))
    peak(peer, tmp_path / "theirs")
    peak(ours, tmp_path / "ours")
    whole = [line for line in (tmp_path / "ours").read_text().splitlines() if line.endswith('"complete": true}')]
    assert sorted((tmp_path / "theirs").read_text().splitlines()) == sorted(whole)


def test_a_program_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="exit code 2"):
        run(suntap(tmp_path / "missing.pcap", False))
