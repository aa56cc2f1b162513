"""The two streams: flushed, safe, and calm when nobody reads them any more."""

from __future__ import annotations

import errno
import io
import os

import pytest

from tui_dl.cli.console import Console


class Broken(io.StringIO):
    """A stream whose reader has gone."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code
        self.attempts = 0

    def write(self, text: str) -> int:
        self.attempts += 1
        raise OSError(self.code, os.strerror(self.code))


@pytest.mark.parametrize("code", [errno.EPIPE, errno.EIO])
def test_a_lost_stream_is_written_to_once_only(code: int) -> None:
    """Trap D12: a closed terminal must not end or spin the program."""
    out, err = Broken(code), Broken(code)
    console = Console(out, err)

    for _ in range(3):
        console.path("/a")
        console.say("b")
    console.close()

    assert out.attempts == 1
    assert err.attempts == 1


def test_one_lost_stream_does_not_silence_the_other() -> None:
    out = io.StringIO()
    console = Console(out, Broken(errno.EPIPE))

    console.say("a")
    console.path("/b")

    assert out.getvalue() == "/b\n"


def test_a_locale_without_the_letter_gets_ascii() -> None:
    raw = io.BytesIO()
    console = Console(io.TextIOWrapper(raw, "ascii", write_through=True), io.StringIO())

    console.row("ä✗")

    assert raw.getvalue() == b"\\xe4\\u2717\n"


def test_a_path_is_safe_on_a_terminal_and_exact_in_a_pipe() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, raw = Terminal(), io.BytesIO()
    path = "/a\x1b]0;x\x07" + os.fsdecode(b"\xff")

    Console(terminal, io.StringIO()).path(path)
    pipe = io.TextIOWrapper(raw, "utf-8")
    Console(pipe, io.StringIO()).path(path)

    assert not set(terminal.getvalue()) & set("\x1b\x07")
    assert raw.getvalue() == b"/a\x1b]0;x\x07\xff\n"


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    console = Console(io.StringIO(), Terminal())
    found = {}
    for term in ("xterm", "dumb"):
        monkeypatch.setenv("TERM", term)
        found[term] = console.stderr_is_terminal

    assert found == {"xterm": True, "dumb": False}
    assert not Console(io.StringIO(), io.StringIO()).stderr_is_terminal
    assert (console.width, console.height) == (80, 24)
