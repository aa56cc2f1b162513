"""``tui-dl pause``: pause downloads of the engine that runs, or in the stored list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli.client import client_options
from tui_dl.cli.console import Console
from tui_dl.cli.ids import id_arguments
from tui_dl.cli.steering import ChoiceFlags, run_deed
from tui_dl.domain.model import Status

if TYPE_CHECKING:
    from tui_dl.domain.snapshot import DownloadSnapshot


@click.command("pause")
@id_arguments
@client_options
def command(**flags: Any) -> int:
    """Pause downloads; their bytes are kept."""
    return run_deed(
        ChoiceFlags(**flags),
        Console(),
        deed=lambda service, ids: service.pause(ids),
        fits=_fits,
        done="paused",
    )


def _fits(row: DownloadSnapshot) -> bool:
    return row.status.is_running or row.status is Status.QUEUED
