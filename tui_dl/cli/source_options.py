"""The flags about sources and versions: Metalink documents, dates, and the order of bytes.

Must not act on values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from tui_dl.cli.options import Command, combined
from tui_dl.cli.route_options import RouteFlags

_FIELDS: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFlags(RouteFlags):
    """What ``source_options`` adds to a command."""

    metalink_files: tuple[str, ...]
    follow_metalink: bool


def source_values(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of ``DownloadOptions`` out of the flags."""
    return {name: flags[name] for name in _FIELDS}


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
    )(command)
