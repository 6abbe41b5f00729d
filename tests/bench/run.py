"""`./run bench`: suntap and the other reassemblers side by side on the reference capture, then on hostile shapes.

    python -m tests.bench.run [--rounds N] [--only reference|hostile]

The capture, its truth and the peers are made below build/bench/ when they are not there. Ends with 1 when an upload
of suntap is missing or wrong; times are shown and judged by the reader, because the machine may be busy.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

from tests.bench import exact, hostile, reading, table
from tests.bench.measure import BenchError, Run, duel, peak
from tests.bench.programs import PVS, Program, rivals, suntap
from tests.traffic import reference

BUILD = Path("build/bench")
ROUNDS = 7


def cpu(of: Run) -> float:
    """User and system seconds: what a busy machine changes least."""
    return of.cpu


def wall(of: Run) -> float:
    """Seconds from start to end."""
    return of.wall


def reference_capture() -> Path:
    """Its path; made when it is missing."""
    capture = BUILD / "reference.pcap"
    if not truth_of(capture).exists():       # written last
        print(f"making {capture} ...", flush=True)
        BUILD.mkdir(parents=True, exist_ok=True)
        reference.make(capture)
    return capture


def truth_of(capture: Path) -> Path:
    """Where the generator puts the truth."""
    return capture.with_suffix(".truth.json")


def core(capture: Path) -> None:
    """What `suntap bench` says, with and without the filter."""
    for chosen in ((), ("--host", PVS)):
        command = [str(Path(sys.executable).with_name("suntap")), "bench", "--json", *chosen, str(capture)]
        figures = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        print(f"suntap bench {' '.join(chosen):<20} {figures['ns_per_packet']:6.1f} ns per packet, an empty loop "
              f"{figures['floor_ns_per_packet']:6.1f}, ratio {figures['ratio_to_floor']:.2f}, "
              f"{figures['uploads']} uploads, {figures['records']} records", flush=True)


def scored(program: Program, truth: Path) -> tuple[int, exact.Score | None]:
    """One run that warms up and is checked; its peak memory too."""
    output = BUILD / "output"
    memory = peak(program, output)
    found = exact.score(program.bodies(program.directory or output), exact.expected(truth)) if program.bodies else None
    output.unlink()
    return memory, found


def side_by_side(capture: Path, filtered: bool, rounds: int) -> bool:
    """One table; whether all of suntap's uploads are exact."""
    truth = truth_of(capture)
    ours = suntap(capture, filtered)
    memory, own_score = scored(ours, truth)
    programs, missing = rivals(capture, BUILD / "peers", filtered)
    rows = table.Rows(f"suntap records {'--host ' + PVS if filtered else ''} --json, and the rivals "
                      f"{'with' if filtered else 'without'} an address filter")
    for program in programs:
        used, score = scored(program, truth)
        plain = duel(ours, program, rounds)
        piped = duel(ours, program, rounds, piped=True)
        rows.rival(program.name, plain.median(1, wall), plain.median(1, cpu), plain.ratio(wall), plain.ratio(cpu),
                   piped.ratio(wall), score, used)
        rows.ours(plain.median(0, wall), plain.median(0, cpu))
    rows.show(own_score, memory, missing)
    return own_score == exact.Score(reference.UPLOADS - reference.BROKEN, 0)


def main() -> int:
    """Run and print; the exit code."""
    parser = argparse.ArgumentParser(description="suntap and other reassemblers side by side.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"pairs per comparison (default: {ROUNDS})")
    parser.add_argument("--only", choices=("reference", "hostile"), help="one of the two parts")
    chosen = parser.parse_args()
    good = True
    try:
        if chosen.only != "hostile":
            capture = reference_capture()
            core(capture)
            reading.show(capture, BUILD, chosen.rounds)
            for filtered in (True, False):
                good = side_by_side(capture, filtered, chosen.rounds) and good
        if chosen.only != "reference":
            good = hostile.show(BUILD, chosen.rounds) and good
    except (BenchError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
