"""``tui-dl rename``: another name for a download, with the file that it has."""

from __future__ import annotations

from typing import Any

import click

from tui_dl.cli.client import Client, ClientFlags, client_options, find_ids, run_client, tell
from tui_dl.cli.console import Console
from tui_dl.cli.ids import complete_ids
from tui_dl.domain.errors import UsageError
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameFlags(ClientFlags):
    """Every flag of ``rename``, parsed."""

    id_text: str
    name: str


@click.command("rename")
@click.argument("id_text", metavar="ID", shell_complete=complete_ids)
@click.argument("name", metavar="NAME")
@client_options
def command(**flags: Any) -> int:
    """Rename a download and its file, in whatever state it is; nothing is replaced."""
    return run(RenameFlags(**flags), Console())


def run(flags: RenameFlags, console: Console) -> int:
    """Do what the flags say and return the exit code.

    Raises:
        TuiDlError: no name, an unknown id, or no engine.
    """
    if "/" in flags.name:
        raise UsageError("A name has no folder in it; tui-dl move ID DIR is for folders.")

    async def work(client: Client) -> int:
        (id_,) = find_ids(client.service, [flags.id_text])
        return tell([await client.service.relocate(id_, name=flags.name)], "renamed", console)

    return run_client(flags, console, work)
