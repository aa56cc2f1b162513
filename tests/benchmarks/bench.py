"""What every row gets: the ground, the size of the run, and a way to fetch with proof."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.ground import MIB, Ground, prove
from tests.benchmarks.measuring import Sample, run_measured


@dataclass(frozen=True, slots=True)
class Bench:
    """One call of the command."""

    ground: Ground
    runs: int
    size_mib: int
    """Size of the bulk rows; the others have sizes of their own."""
    say: Callable[[str], None]

    @property
    def size_bytes(self) -> int:
        """Size of the bulk rows."""
        return self.size_mib * MIB

    def fetch(
        self,
        argv: Sequence[str],
        path: Path,
        source: Path,
        *,
        fetched: Callable[[], int] | None = None,
        watch_memory: bool = False,
    ) -> Sample:
        """Run a program on clear ground and prove the file that it made.

        ``fetched`` tells the bytes that the server or the link has counted.

        Raises:
            RunFailedError: it failed, or its file is wrong.
        """
        sample = self.run(argv, watch_memory=watch_memory)
        prove(path, source)
        path.unlink()
        return sample if fetched is None else replace(sample, fetched_bytes=fetched())

    def run(self, argv: Sequence[str], *, watch_memory: bool = False) -> Sample:
        """Run a program on clear ground.

        Raises:
            RunFailedError: it failed.
        """
        self.ground.clear()
        return run_measured(
            argv,
            environ=self.ground.environ,
            folder=self.ground.base / "work",
            watch_memory=watch_memory,
        )
