"""The two streams. Owns what is written to stdout and stderr, and survives their loss.

stdout carries data only: finished paths, tables, JSON lines. Everything else goes to
stderr, past ``display_text``. A stream whose reader is gone (EPIPE, EIO) is not written
to again; the work goes on.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Sequence
from typing import TextIO

from tui_dl.domain.display import display_text


class Console:
    """Writes whole lines, each flushed, so that a pipe's reader sees them as they come."""

    def __init__(self, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self._stdout = sys.stdout if stdout is None else stdout
        self._stderr = sys.stderr if stderr is None else stderr
        self._gone: set[int] = set()

    @property
    def stderr_is_terminal(self) -> bool:
        """Whether live output makes sense."""
        return _is_terminal(self._stderr) and os.environ.get("TERM", "") != "dumb"

    @property
    def is_heard(self) -> bool:
        """Whether stdout still has a reader, as far as the last line could tell."""
        return id(self._stdout) not in self._gone

    @property
    def width(self) -> int:
        """Columns of the terminal behind stderr, 80 when there is none."""
        try:
            return os.get_terminal_size(self._stderr.fileno()).columns or 80
        except (OSError, ValueError):  # no terminal, or a stream without a descriptor
            return 80

    @property
    def height(self) -> int:
        """Rows of the terminal behind stderr, 24 when there is none."""
        try:
            return os.get_terminal_size(self._stderr.fileno()).lines or 24
        except (OSError, ValueError):  # as above
            return 24

    def say(self, sentence: str) -> None:
        """Write one line to stderr, made safe for a terminal."""
        self._write(self._stderr, display_text(sentence) + "\n")

    def draw(self, text: str) -> None:
        """Write text with our own control sequences to stderr; its words must be safe."""
        self._write(self._stderr, text)

    def data(self, line: str) -> None:
        """Write one line to stdout that holds no foreign text, or holds it encoded (JSON)."""
        self._write(self._stdout, line + "\n")

    def row(self, line: str) -> None:
        """Write one line of a table to stdout, made safe for a terminal."""
        self._write(self._stdout, display_text(line) + "\n")

    def repaint(self, lines: Sequence[str]) -> None:
        """Show these lines instead of the last ones; a pipe gets them with a blank line behind."""
        if not _is_terminal(self._stdout):
            self._write(self._stdout, "".join(f"{display_text(line)}\n" for line in (*lines, "")))
            return
        size = shutil.get_terminal_size()
        free = max(1, size.lines - 2)
        shown: list[str] = [display_text(line, max_cells=size.columns) for line in lines[:free]]
        if len(lines) > free:
            shown.append(f"… and {len(lines) - free} more")
        # Each line is cleared behind its end, then all below: nothing flickers.
        body = "".join(f"{line}\x1b[K\n" for line in shown)
        self._write(self._stdout, f"\x1b[H{body}\x1b[J")

    def path(self, path: str) -> None:
        """Write a path to stdout: to a terminal made safe, to a pipe as its very bytes."""
        if _is_terminal(self._stdout):
            self.row(path)
            return
        self._write(self._stdout, path + "\n", raw=True)

    def close(self) -> None:
        """Let go of both streams so that Python's own flush at exit cannot fail."""
        for stream in (self._stdout, self._stderr):
            try:
                stream.flush()
            except (OSError, ValueError):  # the reader is gone, or the stream is closed
                with contextlib.suppress(OSError, ValueError):
                    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

    def _write(self, stream: TextIO, text: str, *, raw: bool = False) -> None:
        if id(stream) in self._gone:
            return
        try:
            if raw and hasattr(stream, "buffer"):
                stream.buffer.write(os.fsencode(text))
            else:
                stream.write(text)
            stream.flush()
        except UnicodeEncodeError:
            # A locale without this character: say it in ASCII instead of failing.
            stream.write(text.encode("ascii", "backslashreplace").decode())
            stream.flush()
        except (OSError, ValueError):  # the reader is gone, or the stream is closed
            self._gone.add(id(stream))


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False
