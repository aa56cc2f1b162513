"""What ``pause``, ``resume``, ``retry`` and ``rm`` have in common: a choice, then one deed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tui_dl.cli.client import Client, ClientFlags, find_ids, run_client, tell
from tui_dl.cli.ids import check_choice
from tui_dl.domain.quick_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tui_dl.cli.console import Console
    from tui_dl.domain.snapshot import DownloadSnapshot
    from tui_dl.service.contract import ActionResult, DownloadService

GOES_ON_LATER = "No tui-dl is running: they go on when one starts, as with tui-dl or tui-dl serve."

Deed = Callable[["DownloadService", Sequence[str]], "Awaitable[list[ActionResult]]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceFlags(ClientFlags):
    """Which downloads are meant."""

    ids: tuple[str, ...]
    everything: bool


def run_deed(
    flags: ChoiceFlags,
    console: Console,
    *,
    deed: Deed,
    fits: Callable[[DownloadSnapshot], bool],
    done: str,
    later: str = "",
) -> int:
    """Do ``deed`` to the chosen downloads and return the exit code.

    ``fits`` says what ``--all`` means, ``done`` is the participle of the answer, ``later``
    is added when no engine runs that could act on it.

    Raises:
        TuiDlError: no choice, an unknown id, or an engine that cannot be reached.
    """
    check_choice(flags.ids, flags.everything)

    async def work(client: Client) -> int:
        service = client.service
        if flags.everything:
            ids = [row.id for row in service.snapshot().downloads if fits(row)]
        else:
            ids = find_ids(service, flags.ids)
        if not ids:
            console.say(f"There is no download that can be {done} now.")
            return 0
        code = tell(await deed(service, ids), done, console)
        if later and client.place is None and code == 0:
            console.say(later)
        return code

    return run_client(flags, console, work)
