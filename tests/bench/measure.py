"""Whole processes, start-up included, in turn: A B A B. Medians, and ratios of neighbours, which a busy machine
disturbs least.
"""
import os
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.programs import Program

PEAK_EVERY_S = 0.002


class BenchError(Exception):
    """A program that is measured fails."""


@dataclass(frozen=True)
class Run:
    """One process: wall seconds, user + system seconds."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Duel:
    """Pairs of (suntap, rival) runs."""

    pairs: list[tuple[Run, Run]]

    def median(self, side: int, value: Callable[[Run], float]) -> float:
        """Of one side: 0 suntap, 1 the rival."""
        return statistics.median(value(pair[side]) for pair in self.pairs)

    def ratio(self, value: Callable[[Run], float]) -> float:
        """suntap over rival, median over the pairs."""
        return statistics.median(value(ours) / value(theirs) for ours, theirs in self.pairs)


def run(program: Program, *, piped: bool = False) -> Run:
    """Run once; stdout goes nowhere, or there through a pipe and a reader. Raises BenchError."""
    _clear(program)
    with open(os.devnull, "wb") as nowhere:
        reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=nowhere) if piped else None
        start = time.perf_counter()
        process = subprocess.Popen(program.command, stdout=reader.stdin if reader else nowhere,
                                   stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if reader:
            reader.communicate()
    _check(program, process)
    return Run(wall, used.ru_utime + used.ru_stime)


def peak(program: Program, output: Path) -> int:
    """Run once, stdout to `output`; the peak of resident bytes. Raises BenchError."""
    _clear(program)
    with open(output, "wb") as file:
        process = subprocess.Popen(program.command, stdout=file, stderr=subprocess.DEVNULL)
        highest = peak_until_end(process)
    _check(program, process)
    return highest


def peak_until_end(process: subprocess.Popen[bytes]) -> int:
    """Waits for a child's end; the peak of its resident bytes, looked up while it runs.

    Not out of wait4: there a child begins with the peak of the process that started it.
    """
    highest = 0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        highest = max([highest, *map(int, re.findall(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE))])
        time.sleep(PEAK_EVERY_S)
    return highest << 10


def _clear(program: Program) -> None:
    if program.directory:
        shutil.rmtree(program.directory, ignore_errors=True)
        program.directory.mkdir()


def _check(program: Program, process: subprocess.Popen[bytes]) -> None:
    if process.returncode:
        raise BenchError(f"{' '.join(program.command)}: exit code {process.returncode}; run it by hand to see why")


def duel(ours: Program, theirs: Program, rounds: int, *, piped: bool = False) -> Duel:
    """`rounds` pairs, one process at a time. Raises BenchError."""
    count = min(rounds, theirs.rounds)
    return Duel([(run(ours, piped=piped), run(theirs, piped=piped)) for _ in range(count)])
