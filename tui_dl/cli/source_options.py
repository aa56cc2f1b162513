"""The flags about sources and versions: Metalink documents, dates, and the order of bytes.

Must not act on values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from tui_dl.cli.options import FILE, Command, combined
from tui_dl.cli.route_options import RouteFlags
from tui_dl.config.paths import absolute
from tui_dl.domain.quick_dataclass import dataclass

_FIELDS = ("remote_time", "conditional_get", "sequential", "adopt")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFlags(RouteFlags):
    """What ``source_options`` adds to a command."""

    metalink_files: tuple[str, ...]
    follow_metalink: bool
    remote_time: bool | None
    conditional_get: bool
    sequential: bool
    move_to: str | None
    adopt: str | None


def source_values(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of ``DownloadOptions`` out of the flags."""
    return {name: flags[name] for name in _FIELDS} | {"move_to": folder(flags["move_to"])}


def folder(text: str | None) -> str | None:
    """Return a folder as a whole path; an empty text stays: it names none."""
    return str(absolute(text)) if text else text


def source_options(command: Command) -> Command:
    """Add what says which version of a file is wanted, and how its bytes come."""
    return combined(
        click.option(
            "-M",
            "--metalink-file",
            "metalink_files",
            metavar="FILE|URL",
            multiple=True,
            help="Metalink document whose files are wanted, however it is called.",
        ),
        click.option(
            "--follow-metalink/--no-follow-metalink",
            default=True,
            help="Fetch what a Metalink URL names, or the document itself.",
        ),
        click.option(
            "-R",
            "--remote-time/--no-remote-time",
            default=None,
            help="Give the file the server's date.",
        ),
        click.option(
            "--conditional-get",
            is_flag=True,
            help="Fetch only if the server's file is newer than the one that is here.",
        ),
        click.option(
            "--sequential",
            is_flag=True,
            help="Fill the file from its beginning, to watch it while it loads.",
        ),
        click.option(
            "--adopt",
            metavar="NAME.aria2",
            type=FILE,
            help="Go on with what aria2 has of the file: its control file.",
        ),
        click.option(
            "--move-to",
            metavar="DIR",
            help="Move the file there once it is finished; '' lets it stay.",
        ),
    )(command)
