"""``tui-dl refresh``: a new link for a download whose old one has expired."""

from __future__ import annotations

from typing import Any

import click

from tui_dl.cli.client import Client, ClientFlags, client_options, find_ids, run_client, tell
from tui_dl.cli.console import Console
from tui_dl.cli.ids import complete_ids
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFlags(ClientFlags):
    """Every flag of ``refresh``, parsed."""

    id: str
    url: str


@click.command("refresh")
@click.argument("id", metavar="ID", shell_complete=complete_ids)
@click.argument("url", metavar="URL")
@client_options
def command(**flags: Any) -> int:
    """Give a stopped download a new link and let it go on.

    Its bytes are kept if the new link leads to the same version of the file.
    """
    return run(RefreshFlags(**flags), Console())


def run(flags: RefreshFlags, console: Console) -> int:
    """Do what the flags say and return the exit code.

    Raises:
        TuiDlError: an unknown id, or an engine that cannot be reached.
    """
    from tui_dl.domain.urls import parse_url

    parse_url(flags.url)

    async def work(client: Client) -> int:
        (id_,) = find_ids(client.service, [flags.id])
        result = await client.service.set_url(id_, flags.url)
        code = tell([result], "given a new link", console)
        if code == 0:
            # A refusal says that it runs, or will: that is what was wanted.
            await client.service.resume([id_])
        return code

    return run_client(flags, console, work)
