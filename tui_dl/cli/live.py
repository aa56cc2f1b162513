"""``get`` on a terminal: finished lines scroll up, the running ones are redrawn in place.

Owns the control sequences. Each redraw is one write that overwrites lines and clears
what is left of them, so nothing flickers; on a write error the console falls silent.
"""

from __future__ import annotations

from collections.abc import Sequence

from tui_dl.cli import sentences
from tui_dl.cli.bars import Totals, bar_lines
from tui_dl.cli.console import Console
from tui_dl.domain.characters import cell_width
from tui_dl.domain.errors import Failure
from tui_dl.domain.redaction import redacted
from tui_dl.domain.snapshot import DownloadSnapshot

_UP = "\x1b[{}A"
_CLEAR_LINE = "\x1b[K"
_CLEAR_BELOW = "\x1b[J"
_KEPT_ROWS = 2
"""Rows of the terminal that the bars leave to what was there before."""


class LiveReporter:
    """Bars on stderr, paths on stdout; both may be the same terminal."""

    interval_s = 0.125

    def __init__(self, console: Console) -> None:
        self._console = console
        self._drawn: list[int] = []
        """Cells of each line on the screen."""
        self._downloads: Sequence[DownloadSnapshot] = ()
        self._total = 0
        self._finished = 0
        self._finished_bytes = 0
        self._failed = 0

    def note(self, sentence: str) -> None:
        """Say it above the bars."""
        self._erase()
        self._console.say(sentence)

    def started(self, download: DownloadSnapshot, *, continued: bool) -> None:
        """Count it; say what an earlier run left."""
        self._total += 1
        if continued:
            self.note(sentences.continued(download))

    def tick(self, downloads: Sequence[DownloadSnapshot]) -> None:
        """Redraw the bars."""
        self._downloads = downloads
        console = self._console
        # The last column stays free: a full line would wrap on some terminals.
        width = max(1, console.width - 1)
        totals = Totals(
            self._finished,
            self._failed,
            self._total,
            self._finished_bytes + sum(item.done_bytes for item in downloads),
            sum(item.rate_bps for item in downloads),
        )
        lines = bar_lines(downloads, totals, width, max(1, console.height - _KEPT_ROWS))
        drawing = "".join(f"{line}{_CLEAR_LINE}\n" for line in lines)
        console.draw(self._start_of_bars() + drawing + _CLEAR_BELOW)
        self._drawn = [cell_width(line) for line in lines]

    def completed(self, download: DownloadSnapshot) -> None:
        """Leave a line behind, and the path on stdout."""
        self._finished += 1
        self._finished_bytes += download.done_bytes
        self._total = max(self._total, self._finished + self._failed)
        self.note(sentences.completed(download))
        self._console.path(sentences.final_path(download))

    def failed(self, download: DownloadSnapshot) -> None:
        """Leave the reason behind."""
        self._failed += 1
        self.note(sentences.failed(download))

    def refused(self, url: str, failure: Failure) -> None:
        """Leave the reason behind."""
        self.note(f"{redacted(url)}: {failure.message}")

    def close(self) -> None:
        """Take the bars away."""
        self._erase()

    def _erase(self) -> None:
        if self._drawn:
            self._console.draw(self._start_of_bars() + _CLEAR_BELOW)
            self._drawn = []

    def _start_of_bars(self) -> str:
        """Return the way from below the bars to their first line.

        A terminal that became narrower has folded old lines: each then takes more rows.
        """
        width = max(1, self._console.width)
        rows = sum(max(1, -(-cells // width)) for cells in self._drawn)
        return "\r" + (_UP.format(rows) if rows else "")
