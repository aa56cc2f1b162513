"""Every command line that the README shows is one that the program takes.

They are parsed here, not run: what they do is the business of the tests of each room.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from tests.project.test_readme import README
from tui_dl.cli.group import TuiDlGroup, cli, route
from tui_dl.config.schema import Settings
from tui_dl.config.store import apply_overrides

BLOCKS = re.findall(r"^```\n(.*?)^```", README, re.M | re.S)
INLINE = re.findall(r"`(tui-dl [^`]+)`", README)
FILES = (
    *("pw.txt", "list.txt", "nightly.txt", "SHA256SUMS", "queue.json"),
    *("me.pem", "key.pem", "cookies.txt", "a.iso.aria2"),
)


def commands(line: str) -> list[list[str]]:
    """Return the words of each call of tui-dl in a line for a shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    calls: list[list[str]] = []
    call: list[str] | None = None
    for word in lexer:
        if set(word) <= set("|&;<>()"):
            call = None
        elif call is None and word.rpartition("/")[2] == "tui-dl":
            calls.append(call := [])
        elif call is not None:
            call.append(word)
    return calls


def shown() -> list[tuple[str, ...]]:
    """Return all calls of the README that are whole: no choice of words, no ellipsis."""
    lines = [line for block in BLOCKS for line in block.splitlines() if "tui-dl" in line]
    lines += [line.replace("\\|", "|") for line in INLINE if not re.search(r"\.\.\.|\[|\\\|", line)]
    found = [tuple(call) for line in lines for call in commands(line)]
    return [call for call in dict.fromkeys(found) if call]


SHOWN = shown()


def test_the_readme_shows_many_commands() -> None:
    assert len(SHOWN) > 30
    assert {"get", "serve", "add", "connect", "service"} <= {call[0] for call in SHOWN}


@pytest.mark.parametrize("call", SHOWN, ids=" ".join)
def test_a_shown_command_is_understood(
    call: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUB_TOKEN", "secret")
    for name in FILES:
        (tmp_path / name).write_text("one line\n")
    assert isinstance(cli, TuiDlGroup)

    name, *words = route([word.replace("HEX", "ab" * 32) for word in call])
    context = click.Context(cli)
    command = cli.get_command(context, name)
    assert command is not None, name
    parsed = command.make_context(name, words, parent=context)

    overrides = parsed.params.get("overrides") or ()
    assert apply_overrides(Settings(), overrides) is not None
