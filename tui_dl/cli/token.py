"""``tui-dl token``: the secret that other programs need to steer this tui-dl."""

from __future__ import annotations

from typing import Any

import click

from tui_dl.cli.console import Console
from tui_dl.cli.options import shared_options
from tui_dl.cli.settings import SharedFlags
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFlags(SharedFlags):
    """Every flag of ``token``, parsed."""

    rotate: bool


@click.command("token")
@click.option("--rotate", is_flag=True, help="Make a new one; the old one is worthless at once.")
@shared_options
def command(**flags: Any) -> int:
    """Print the token; the first time, make it."""
    return run(TokenFlags(**flags), Console())


def run(flags: TokenFlags, console: Console) -> int:
    """Print the token and return the exit code.

    Raises:
        TuiDlError: its file cannot be used.
    """
    from tui_dl.api.tokens import TOKEN_NAME, TokenStore
    from tui_dl.cli.settings import read_setup

    path = read_setup(flags).paths.data_dir / TOKEN_NAME
    store = TokenStore.save(path) if flags.rotate else TokenStore.open(path)
    console.data(store.text)
    return 0
