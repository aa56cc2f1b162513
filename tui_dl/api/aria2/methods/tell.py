"""Methods that tell: status, lists, files, addresses, servers, figures. They change nothing."""

from __future__ import annotations

from tui_dl.api.aria2 import codec
from tui_dl.api.aria2.codec import ACTIVE, STOPPED_WORDS, word
from tui_dl.api.aria2.desk import Look
from tui_dl.api.aria2.errors import RpcError
from tui_dl.api.aria2.listing import slice_from
from tui_dl.api.aria2.params import Params
from tui_dl.domain.snapshot import DownloadSnapshot


async def tell_status(look: Look, params: Params) -> object:
    """Return the struct of one download."""
    gid, keys = params.text(0), params.texts(1, required=False)
    return codec.status(await look.view(look.find(gid), keys), keys)


async def tell_active(look: Look, params: Params) -> object:
    """Return the structs of all active downloads."""
    keys = params.texts(0, required=False)
    rows = [row for row in look.picture().downloads if word(row) == ACTIVE]
    return await _structs(look, rows, keys)


async def tell_waiting(look: Look, params: Params) -> object:
    """Return a part of the line of waiting and paused downloads."""
    offset, length = params.integer(0), params.integer(1, least=0)
    keys = params.texts(2, required=False)
    return await _structs(look, slice_from(look.line(), offset, length), keys)


async def tell_stopped(look: Look, params: Params) -> object:
    """Return a part of what is over, the oldest end first."""
    offset, length = params.integer(0), params.integer(1, least=0)
    keys = params.texts(2, required=False)
    return await _structs(look, slice_from(look.stopped(), offset, length), keys)


async def _structs(look: Look, rows: list[DownloadSnapshot], keys: list[str]) -> object:
    return [codec.status(view, keys) for view in await look.views(rows, keys)]


async def get_files(look: Look, params: Params) -> object:
    """Return the one file of a download, in any state."""
    return codec.files(await look.view(look.find(params.text(0))))


async def get_uris(look: Look, params: Params) -> object:
    """Return the addresses of a download that is not over."""
    row = look.find(params.text(0))
    if word(row) in STOPPED_WORDS:
        raise RpcError(f"No URI data is available for GID#{row.gid}")
    return codec.uris(await look.view(row))


async def get_servers(look: Look, params: Params) -> object:
    """Return the connections of an active download."""
    row = look.find(params.text(0))
    if word(row) != ACTIVE:
        raise RpcError(f"No active download for GID#{row.gid}")
    return codec.servers(await look.view(row))


async def get_global_stat(look: Look, params: Params) -> object:
    """Return rates and numbers of downloads."""
    return codec.global_stat(look.picture(), look.desk.stopped_total)
