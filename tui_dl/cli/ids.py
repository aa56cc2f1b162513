"""The ID arguments: their form on the command line, and completion in the shell."""

from __future__ import annotations

import click

from tui_dl.cli.options import Command
from tui_dl.domain.errors import TuiDlError, UsageError


def complete_ids(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[click.shell_completion.CompletionItem]:
    """Return the ids that begin so, each with its file name, out of the stored list.

    A shell waits for this: no engine is asked, and an error is an empty answer.
    """
    from click.shell_completion import CompletionItem

    from tui_dl.cli.settings import SharedFlags, read_setup
    from tui_dl.domain.display import display_text
    from tui_dl.service.offline import read_stored

    given = ctx.params.get("data_dir")
    try:
        stored = read_stored(read_setup(SharedFlags(data_dir=given)).paths.data_dir)
    except TuiDlError:
        return []
    wanted = incomplete.lower()
    return [
        CompletionItem(item.record.id, help=display_text(item.record.name or "", max_cells=40))
        for item in stored.downloads
        if item.record.id.startswith(wanted)
    ]


def id_arguments(command: Command) -> Command:
    """Add ``ID...`` and ``--all``."""
    command = click.option("--all", "everything", is_flag=True, help="All that it fits.")(command)
    return click.argument("ids", nargs=-1, metavar="ID...", shell_complete=complete_ids)(command)


def check_choice(ids: tuple[str, ...], everything: bool) -> None:
    """Refuse neither ids nor ``--all``, and both.

    Raises:
        UsageError: it is one of the two.
    """
    if not ids and not everything:
        raise UsageError("Say which: an ID (its beginning is enough), or --all.")
    if ids and everything:
        raise UsageError("Either IDs or --all, not both.")
