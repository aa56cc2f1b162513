"""``tui-dl resume``: let stopped downloads run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli.client import client_options
from tui_dl.cli.console import Console
from tui_dl.cli.ids import id_arguments
from tui_dl.cli.steering import GOES_ON_LATER, ChoiceFlags, run_deed
from tui_dl.domain.model import Status

if TYPE_CHECKING:
    from tui_dl.domain.snapshot import DownloadSnapshot


@click.command("resume")
@id_arguments
@client_options
def command(**flags: Any) -> int:
    """Run paused, failed and cancelled downloads again."""
    return run_deed(
        ChoiceFlags(**flags),
        Console(),
        deed=lambda service, ids: service.resume(ids),
        fits=_fits,
        done="resumed",
        later=GOES_ON_LATER,
    )


def _fits(row: DownloadSnapshot) -> bool:
    return row.status in (Status.PAUSED, Status.FAILED, Status.CANCELLED)
