"""The flags that commands share, as click decorators. Owns their names and help texts.

Must not act on values: it only turns texts into them, through ``parse.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tui_dl.cli import parse
from tui_dl.cli.moments import read_moment
from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.priority import parse_priority

if TYPE_CHECKING:
    AnyParamType = click.ParamType[Any]
else:  # older releases of click cannot be subscripted when they run
    AnyParamType = click.ParamType

Command = TypeVar("Command", bound=Callable[..., Any])


class Parsed(AnyParamType):
    """A click type over one of our readers: its sentence becomes click's usage error."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return what the text stands for; a value that was read before stays as it is."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except TuiDlError as error:
            self.fail(error.message, param, ctx)


def combined(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return one decorator for several, in the order in which help shows them."""

    def apply(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return apply


FILE = click.Path(exists=True, dir_okay=False, readable=True, resolve_path=True)

SHARED_NAMES = ("--data-dir", "--config", "--set")
"""Flags that every command takes, each with a value; they may also stand before its name."""

SHARED_SWITCHES = ("--debug",)
"""The same, without a value."""


def shared_options(command: Command) -> Command:
    """Add the flags that every command takes."""
    return combined(
        click.option("--data-dir", metavar="DIR", help="Folder of the state."),
        click.option("--config", "config_file", metavar="FILE", help="The settings file."),
        click.option(
            "--set",
            "overrides",
            metavar="KEY=VALUE",
            multiple=True,
            help="Override a setting for this run, such as downloads.slots=5.",
        ),
        click.option("--debug", is_flag=True, help="Tell more in the log."),
    )(command)


def target_options(command: Command) -> Command:
    """Add where downloads come from and go to."""
    return combined(
        click.option("-d", "--dir", "directory", metavar="DIR", help="Target folder."),
        click.option(
            "-i",
            "--input-file",
            metavar="FILE",
            help="List of downloads, one URL a line; - is standard input.",
        ),
        click.option(
            "-g",
            "--globoff",
            "is_literal",
            is_flag=True,
            help="Take [1-9] and {a,b} in URLs as they are.",
        ),
    )(command)


def priority_option(command: Command) -> Command:
    """Add the place of downloads before or after others."""
    return click.option(
        "--priority",
        metavar="N",
        type=Parsed("N", parse_priority),
        default=0,
        help="-100 to 100: of what waits, higher ones start first.",
    )(command)


def gathering_options(command: Command) -> Command:
    """Add other ways to say what is wanted."""
    return combined(
        click.option(
            "--curl", metavar="COMMAND", help="A curl command as browsers copy it; - is stdin."
        ),
        click.option(
            "--category", metavar="NAME", help="Into the folder of this category, in place of -d."
        ),
        click.option(
            "--links",
            metavar="GLOB",
            help="The URLs are pages: download what they link to, such as '*.iso'.",
        ),
    )(command)


def transfer_options(command: Command) -> Command:
    """Add everything that shapes one download."""
    from tui_dl.cli.login_options import login_options
    from tui_dl.cli.route_options import route_options
    from tui_dl.cli.source_options import source_options

    return combined(
        _what_options,
        source_options,
        _identity_options,
        login_options,
        route_options,
        _network_options,
        _patience_options,
    )(command)


def _what_options(command: Command) -> Command:
    return combined(
        click.option("-o", "--out", metavar="NAME", help="Name of the file."),
        click.option(
            "-j",
            "--jobs",
            "slots",
            metavar="N",
            type=Parsed("N", parse.slots),
            help="Downloads at once.",
        ),
        click.option(
            "-x",
            "--connections",
            metavar="N",
            type=Parsed("N", parse.connections),
            help="Connections for a file, 1 to 64.",
        ),
        click.option(
            "--mirror",
            "mirrors",
            metavar="URL",
            multiple=True,
            help="Another address of the same file; may be given again.",
        ),
        click.option(
            "--checksum",
            "checksums",
            metavar="sha-256=HEX",
            multiple=True,
            type=Parsed("CHECKSUM", parse.checksum),
            help="Digest that the file must have; may be given again.",
        ),
        click.option(
            "--checksum-from",
            metavar="URL",
            type=Parsed("URL", parse.url),
            help="List of digests that names the file, such as SHA256SUMS.",
        ),
        priority_option,
        click.option(
            "--start-at",
            metavar="TIME",
            type=Parsed("TIME", read_moment),
            help="Not before this time: 23:30, +2h, 2030-01-31T06:00.",
        ),
        click.option(
            "--limit",
            "--max-download-limit",
            "limit_bps",
            metavar="RATE",
            type=Parsed("RATE", parse.limit),
            help="Bytes per second for each file: 500K, 2M.",
        ),
    )(command)


def _identity_options(command: Command) -> Command:
    return combined(
        click.option(
            "-H",
            "--header",
            "headers",
            metavar="'NAME: VALUE'",
            multiple=True,
            type=Parsed("HEADER", parse.header),
            help="Header to send to the host of the URL; may be given again.",
        ),
        click.option(
            "-U",
            "--user-agent",
            metavar="TEXT",
            type=Parsed("TEXT", parse.user_agent),
            help="User-Agent to send.",
        ),
        click.option(
            "-e",
            "--referer",
            metavar="URL",
            type=Parsed("URL", parse.referer),
            help="Referer to send.",
        ),
    )(command)


def _network_options(command: Command) -> Command:
    return combined(
        click.option(
            "--ca-certificate",
            metavar="FILE",
            type=FILE,
            help="PEM file of roots to trust.",
        ),
        click.option(
            "--check-certificate/--no-check-certificate",
            default=None,
            help="Refuse, or accept, a certificate that is not valid.",
        ),
    )(command)


def _patience_options(command: Command) -> Command:
    return combined(
        click.option(
            "-m",
            "--max-tries",
            metavar="N",
            type=Parsed("N", parse.tries),
            help="Tries in a row without progress; 0 is endless.",
        ),
        click.option(
            "-t",
            "--timeout",
            "timeout_s",
            metavar="SECONDS",
            type=Parsed("SECONDS", parse.seconds),
            help="Longest time without a byte.",
        ),
        click.option(
            "--connect-timeout",
            "connect_timeout_s",
            metavar="SECONDS",
            type=Parsed("SECONDS", parse.seconds),
            help="Longest wait for a connection.",
        ),
    )(command)
