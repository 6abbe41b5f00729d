"""The tables of the benchmark, as text."""
import statistics
from dataclasses import dataclass, field

from tests.bench.exact import Score

HEAD = (f"{'':<24}{'seconds':^16}{'suntap / it':^25}{'uploads':^14}{'peak':>7}\n"
        f"{'program':<24}{'wall':>8}{'cpu':>8}{'wall':>11}{'cpu':>7}{'pipe':>7}{'exact':>7}{'wrong':>7}{'MiB':>7}")


@dataclass
class Rows:
    """One comparison: suntap's row first. Ratios are suntap's time over the program's: below 1 suntap is ahead."""

    title: str
    lines: list[str] = field(default_factory=list)
    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)

    def rival(self, name: str, wall: float, cpu: float, wall_ratio: float, cpu_ratio: float, pipe_ratio: float,
              score: Score | None, peak: int) -> None:
        """Add a program."""
        self.lines.append(f"{name:<24}{wall:8.3f}{cpu:8.3f}{wall_ratio:11.2f}{cpu_ratio:7.2f}{pipe_ratio:7.2f}"
                          f"{_score(score)}{peak / (1 << 20):7.1f}")

    def ours(self, wall: float, cpu: float) -> None:
        """Add suntap's medians out of one comparison."""
        self.walls.append(wall)
        self.cpus.append(cpu)

    def show(self, score: Score | None, peak: int, missing: list[str]) -> None:
        """Print it all."""
        own = [statistics.median(times) if times else float("nan") for times in (self.walls, self.cpus)]
        print(f"\n{self.title}\n{HEAD}")
        print(f"{'suntap':<24}{own[0]:8.3f}{own[1]:8.3f}{'':25}{_score(score)}{peak / (1 << 20):7.1f}")
        print("\n".join(self.lines + [f"({line})" for line in missing]), flush=True)


def _score(score: Score | None) -> str:
    return f"{score.exact:7}{score.wrong:7}" if score else f"{'':14}"
