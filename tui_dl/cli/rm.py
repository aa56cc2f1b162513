"""``tui-dl rm``: take downloads off the list; their files stay unless said otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tui_dl.cli.client import client_options
from tui_dl.cli.console import Console
from tui_dl.cli.ids import id_arguments
from tui_dl.cli.steering import ChoiceFlags, run_deed
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_dl.service.contract import ActionResult, DownloadService


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFlags(ChoiceFlags):
    """Every flag of ``rm``, parsed."""

    delete_files: bool


@click.command("rm")
@id_arguments
@click.option("--delete-files", is_flag=True, help="Delete what tui-dl wrote of them as well.")
@client_options
def command(**flags: Any) -> int:
    """Take downloads off the list. Files stay where they are, partial ones too."""
    chosen = RemoveFlags(**flags)

    async def remove(service: DownloadService, ids: Sequence[str]) -> list[ActionResult]:
        return await service.remove(ids, with_files=chosen.delete_files)

    return run_deed(
        chosen,
        Console(),
        deed=remove,
        fits=lambda row: True,
        done="deleted, with their files" if chosen.delete_files else "taken off the list",
    )
