"""Methods that steer downloads: pause, unpause, remove, move, forget.

aria2's rules decide what is allowed, the service does it. A refusal of the service, which
a change between look and act can cause, is told as aria2 would tell it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tui_dl.api.aria2.codec import ACTIVE, PAUSED, STOPPED_WORDS, WAITING, WAITING_WORDS, word
from tui_dl.api.aria2.desk import Look
from tui_dl.api.aria2.errors import RpcError
from tui_dl.api.aria2.listing import new_index, queue_index
from tui_dl.api.aria2.params import Params
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.service.contract import ActionResult

OK = "OK"


def check(results: Sequence[ActionResult], refusal: str) -> None:
    """Raise ``RpcError`` with ``refusal`` when the service did not do it."""
    if any(result.failure is not None for result in results):
        raise RpcError(refusal)


async def pause(look: Look, params: Params) -> object:
    """Pause an active or waiting download."""
    row = look.find(params.text(0))
    return await _pause(look, row)


async def force_pause(look: Look, params: Params) -> object:
    """Pause like ``pause``; also one whose pause is not complete yet."""
    row = look.find(params.text(0))
    return row.gid if row.status is Status.PAUSING else await _pause(look, row)


async def _pause(look: Look, row: DownloadSnapshot) -> str:
    refusal = f"GID#{row.gid} cannot be paused now"
    if word(row) not in (ACTIVE, WAITING):
        raise RpcError(refusal)
    look.forget()
    check(await look.service.pause([row.id]), refusal)
    return row.gid


async def pause_all(look: Look, params: Params) -> object:
    """Pause everything that is active or waiting."""
    ids = [row.id for row in look.picture().downloads if word(row) in (ACTIVE, WAITING)]
    look.forget()
    await look.service.pause(ids)
    return OK


async def unpause(look: Look, params: Params) -> object:
    """Let a paused download run or wait again, at its place in the line."""
    row = look.find(params.text(0))
    refusal = f"GID#{row.gid} cannot be unpaused now"
    if word(row) != PAUSED:
        raise RpcError(refusal)
    line = look.line()
    index = [one.id for one in line].index(row.id)
    look.forget()
    check(await look.service.resume([row.id]), refusal)
    now = look.again(row)
    if now is not None and now.status is Status.QUEUED:
        await look.service.move_to_index(row.id, queue_index(line, row.id, index))
        look.forget()
    return row.gid


async def unpause_all(look: Look, params: Params) -> object:
    """Let all paused downloads run or wait again."""
    ids = [row.id for row in look.line() if word(row) == PAUSED]
    look.forget()
    await look.service.resume(ids)
    return OK


async def remove(look: Look, params: Params) -> object:
    """Stop an active download for good, or drop a waiting one. Files stay."""
    row = look.find(params.text(0))
    refusal = f"Active Download not found for GID#{row.gid}"
    look.forget()
    if word(row) == ACTIVE:
        check(await look.service.cancel([row.id]), refusal)
    elif word(row) in WAITING_WORDS:
        check(await look.service.remove([row.id], with_files=False), refusal)
    else:
        raise RpcError(refusal)
    return row.gid


async def change_position(look: Look, params: Params) -> object:
    """Give a waiting or paused download another place; return it."""
    gid, change, how = params.text(0), params.integer(1), params.text(2)
    row = look.find(gid)
    line = look.line()
    ids = [one.id for one in line]
    current = ids.index(row.id) if row.id in ids else 0
    index = new_index(current, change, how, len(line))
    refusal = f"GID#{row.gid} not found in the waiting queue."
    if row.id not in ids:
        raise RpcError(refusal)
    if row.status is Status.QUEUED:
        place = queue_index(line, row.id, index)
        check([await look.service.move_to_index(row.id, place)], refusal)
    look.desk.line.put(row.id, index)
    look.forget()
    # Not always where it was wanted: it does not pass one of another priority.
    ids = [one.id for one in look.line()]
    return ids.index(row.id) if row.id in ids else index


async def remove_download_result(look: Look, params: Params) -> object:
    """Forget one download that is over. Files stay."""
    row = look.find(params.text(0))
    refusal = f"Could not remove download result of GID#{row.gid}"
    if word(row) not in STOPPED_WORDS:
        raise RpcError(refusal)
    look.forget()
    check(await look.service.remove([row.id], with_files=False), refusal)
    return OK


async def purge_download_result(look: Look, params: Params) -> object:
    """Forget everything that is over. Files stay."""
    ids = [row.id for row in look.stopped()]
    look.forget()
    await look.service.remove(ids, with_files=False)
    return OK
