"""What a row of the benchmark says: a table of contestants, and goals met or missed.

Must not measure. Plain text only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.measuring import Summary

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure that has a limit; ``at_least`` turns the limit into a floor."""

    what: str
    value: float
    limit: float
    unit: str = "x"
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the goal holds."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def text(self) -> str:
        """The goal as a line."""
        sign = ">=" if self.at_least else "<="
        verdict = "met" if self.is_met else "MISSED"
        return f"{verdict:6}  {self.what}: {self.value:.2f} {self.unit} ({sign} {self.limit:g})"


@dataclass(slots=True)
class Report:
    """One row of the benchmark."""

    key: str
    title: str
    lines: list[str] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)

    @property
    def is_met(self) -> bool:
        """Whether all goals hold."""
        return all(goal.is_met for goal in self.goals)

    @property
    def text(self) -> str:
        """The whole row."""
        body = [*self.lines, *(goal.text for goal in self.goals)]
        return "\n".join([f"{self.key}  {self.title}", *(f"    {line}" for line in body)])


def table(summaries: Mapping[str, Summary], *, columns: Sequence[str]) -> list[str]:
    """Return lines of medians with each contestant's ratio to the first one.

    ``columns`` are of: wall, cpu, peak, fetched.
    """
    first = next(iter(summaries.values()))
    head = f"{'':12}" + "".join(f"{_HEADS[column]:>18}" for column in columns) + f"{'runs':>6}"
    lines = [head]
    for name, summary in summaries.items():
        cells = "".join(f"{_cell(column, summary, first):>18}" for column in columns)
        lines.append(f"{name:12}{cells}{summary.runs:>6}")
    return lines


_HEADS = {
    "wall": "wall s (ratio)",
    "cpu": "CPU s (ratio)",
    "peak": "peak MB",
    "fetched": "fetched MB",
}


def _cell(column: str, summary: Summary, first: Summary) -> str:
    if column == "wall":
        return f"{summary.wall_s:.2f} ({summary.wall_s / first.wall_s:.2f})"
    if column == "cpu":
        return f"{summary.cpu_s:.2f} ({summary.cpu_s / first.cpu_s:.2f})"
    if column == "peak":
        return f"{summary.peak_bytes / MB:.0f}"
    return f"{summary.fetched_bytes / MB:.1f}"


def ratio_goals(
    summaries: Mapping[str, Summary],
    peers: Sequence[str],
    limit: float,
    *,
    measures: Sequence[str] = ("wall",),
    label: str = "the best peer",
) -> list[Goal]:
    """Return a goal per measure: the first contestant against the best of ``peers``."""
    ours = next(iter(summaries.values()))
    found = [summaries[name] for name in peers if name in summaries]
    if not found:
        return []
    goals: list[Goal] = []
    for measure in measures:
        if measure == "wall":
            value = ours.wall_s / min(peer.wall_s for peer in found)
        else:
            value = ours.cpu_s / min(peer.cpu_s for peer in found)
        goals.append(Goal(f"{measure} against {label}", value, limit))
    return goals
