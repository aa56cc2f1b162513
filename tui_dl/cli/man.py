"""``tui-dl man``: the manual page in roff, made from the commands and the settings.

Owns the page's form. Must not hold facts that another module has: flags come from click,
exit codes from their table, settings from the schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from tui_dl import __version__
from tui_dl.cli.console import Console
from tui_dl.cli.options import shared_options

_EXIT_CODES = {
    "OK": "Everything completed.",
    "FAILED": "At least one download failed.",
    "USAGE": "The command line or a list is wrong; nothing was added.",
    "INTEGRITY": "A file has not the digest that it should have.",
    "DISK": "The disk is full, or the target cannot be written.",
    "LOCKED": "Another tui-dl holds the state and cannot be reached.",
    "HANGUP": "Ended by SIGHUP; the state is saved.",
    "INTERRUPT": "Ended by SIGINT; the state is saved.",
    "TERMINATE": "Ended by SIGTERM; the state is saved.",
}

_FILES = {
    "$XDG_CONFIG_HOME/tui-dl/settings.toml": "The settings (TUI_DL_CONFIG moves it).",
    "$XDG_DATA_HOME/tui-dl/": "The list, journals, token and log (TUI_DL_DATA_DIR moves it).",
}


@click.command("man")
@shared_options
def command(**flags: Any) -> int:
    """Print the manual page in roff: tui-dl man | man -l -"""
    for line in page():
        Console().data(line)
    return 0


def page() -> Iterator[str]:
    """Give the lines of the page (man(7))."""
    yield f'.TH TUI-DL 1 "" "tui-dl {__version__}" "User Commands"'
    yield from (".SH NAME", r"tui-dl \- download files, with a live table or without")
    yield from _section("SYNOPSIS", _synopsis())
    yield ".SH DESCRIPTION"
    yield _roff(
        "Without a command the app opens. Each file is fetched over several connections at once;"
        " a kill or a power cut costs next to nothing: the same download goes on where it was."
        " A file that is marked done is byte-identical to one version of its source,"
        " or tui-dl says that it could not know."
    )
    yield ".SH COMMANDS"
    for name, found in _commands():
        yield f".SS {_roff(_usage(name, found))}"
        yield from _paragraphs(found.help or "")
        yield from _flags(found)
    yield from _section("SETTINGS", _settings())
    yield from _section("FILES", ((_bold(name), text) for name, text in _FILES.items()))
    yield from _section("EXIT STATUS", _codes())


def _commands() -> Iterator[tuple[str, click.Command]]:
    from tui_dl.cli.group import APP, COMMANDS, cli

    context = click.Context(cli)
    group: click.Group = cli
    for name in (APP, *COMMANDS):
        found = group.get_command(context, name)
        if found is not None:
            yield ("" if name == APP else name), found


def _usage(name: str, found: click.Command) -> str:
    context = click.Context(found, info_name=name)
    words = [word for word in found.collect_usage_pieces(context) if word != "[OPTIONS]"]
    return " ".join(filter(None, ["tui-dl", name, "[FLAGS]", *words]))


def _synopsis() -> Iterator[tuple[str, str]]:
    from tui_dl.cli.group import COMMANDS

    yield _bold("tui-dl") + " [URL]...", "Open the app."
    for name, text in COMMANDS.items():
        yield _bold(f"tui-dl {name}"), text


def _flags(found: click.Command) -> Iterator[str]:
    from tui_dl.cli.options import SHARED_NAMES, SHARED_SWITCHES

    context = click.Context(found)
    for param in found.params:
        record = param.get_help_record(context)
        if record is None or (set(param.opts) & {*SHARED_NAMES, *SHARED_SWITCHES} and found.name):
            continue  # those that every command takes are told once, with the app
        yield from _entry(_bold(record[0]), record[1])


def _settings() -> Iterator[tuple[str, str]]:
    from tui_dl.config.schema import entries

    for entry in entries():
        default = f" Default: {entry.default}." if entry.default not in ("", None) else ""
        yield _bold(entry.key), entry.rule.about + default


def _codes() -> Iterator[tuple[str, str]]:
    from tui_dl.cli.exit_codes import ExitCode

    for code in ExitCode:
        yield _bold(str(code.value)), _EXIT_CODES[code.name]


def _section(title: str, rows: Iterator[tuple[str, str]]) -> Iterator[str]:
    yield f".SH {title}"
    for head, text in rows:
        yield from _entry(head, text)


def _entry(head: str, text: str) -> Iterator[str]:
    yield from (".TP", head, _roff(text))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield ".PP"
        yield _roff(" ".join(paragraph.split()))


def _bold(text: str) -> str:
    return f"\\fB{_roff(text)}\\fR"


def _roff(text: str) -> str:
    """Escape what roff would take for a command: backslashes, hyphens, a dot in front."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe
