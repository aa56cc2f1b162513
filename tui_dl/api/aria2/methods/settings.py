"""Methods that read and change options, of one download and of all that come later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tui_dl.api.aria2 import codec
from tui_dl.api.aria2.adding import ADDED_BY, target
from tui_dl.api.aria2.codec import STOPPED_WORDS, word
from tui_dl.api.aria2.desk import Look
from tui_dl.api.aria2.errors import RpcError, bad_option
from tui_dl.api.aria2.ledger import Extra
from tui_dl.api.aria2.methods.restart import pause_and_wait, restart
from tui_dl.api.aria2.methods.steer import OK, check
from tui_dl.api.aria2.option_rules import PROXY_NAMES
from tui_dl.api.aria2.options import (
    changes,
    chosen,
    describe,
    may_be_changed,
    may_be_everywhere,
    read_options,
    unmapped,
)
from tui_dl.api.aria2.params import Params
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import AddRequest, DownloadOptions, Status
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.service.contract import AddOutcome

MOST_SLOTS = 100

_SAME_PLACE = frozenset({"dir", "out"})


async def get_option(look: Look, params: Params) -> object:
    """Return all options of one download, in any state."""
    row = look.find(params.text(0))
    defaults = replace(look.desk.settings.defaults, limit_bps=row.limit_bps)
    return describe(row.options, row.directory, look.ledger.extra(row.id).texts, defaults)


async def change_option(look: Look, params: Params) -> object:
    """Change options of one download; a running one starts again when it must."""
    gid, struct = params.text(0), params.struct(1, required=True)
    row = look.find(gid)
    if word(row) in STOPPED_WORDS:
        raise RpcError(f"Cannot change option for GID#{row.gid}")
    texts = read_options(struct, may_be_changed)
    options = _changed(row, texts, look)
    place = _moved(row, texts, look)
    extra = look.ledger.extra(row.id)
    kept = replace(extra, texts={**extra.texts, **unmapped(texts)})
    if place is not None:
        options = replace(options, out=place[1])
    if place is not None and (place[0] != row.directory or codec.needs_details(row)):
        await _add_again(look, row, options, place[0], kept)
    else:
        await _set(look, row, options)
        look.ledger.note(row.id, kept)
    return OK


def _changed(row: DownloadSnapshot, texts: Mapping[str, str], look: Look) -> DownloadOptions:
    """Return the download's options with these changes in them."""
    names = dict(texts)
    if any(name.startswith(PROXY_NAMES) for name in texts):
        # A user name alone belongs to the proxy that is set already.
        names = {"all-proxy": row.options.proxy or "", **names}
    fields: dict[str, Any] = changes(names, row.url, look.desk.settings.defaults)
    return replace(row.options, **fields)


def _moved(
    row: DownloadSnapshot, texts: Mapping[str, str], look: Look
) -> tuple[str, str | None] | None:
    """Return the new folder and name when these options ask for another place."""
    if _SAME_PLACE.isdisjoint(texts):
        return None
    wanted = {**chosen(row.options, row.directory), **texts}
    place = target(wanted, look.place().resolve)
    return None if place == (row.directory, row.options.out) else place


async def _set(look: Look, row: DownloadSnapshot, options: DownloadOptions) -> None:
    """Change options in place; a running download that needs it starts again."""
    if options == row.options:
        return
    look.forget()
    result = await look.service.set_options(row.id, options)
    if result.failure is not None:
        raise RpcError(result.failure.message)
    if replace(options, limit_bps=row.options.limit_bps) != row.options:
        await restart(look, row)


async def _add_again(
    look: Look, row: DownloadSnapshot, options: DownloadOptions, directory: str, extra: Extra
) -> None:
    """Begin a download anew at another place, under its gid. Old bytes stay where they are."""
    line = [one.id for one in look.line()]
    index = line.index(row.id) if row.id in line else 0
    await _check_options(look, row, options)
    if row.status.is_running:
        await pause_and_wait(look, row)
    look.forget()
    check(
        await look.service.remove([row.id], with_files=False),
        f"Cannot change option for GID#{row.gid}",
    )
    old = AddRequest(
        url=row.url,
        directory=row.directory,
        options=row.options,
        paused=row.status in (Status.PAUSED, Status.PAUSING),
        source=row.source,
        allow_duplicate=True,
        position=index,
        gid=row.gid,
        added_by=row.added_by or ADDED_BY,
    )
    id_ = await _first_added(look, (replace(old, directory=directory, options=options), old))
    look.ledger.note(id_, extra)
    look.line()
    look.desk.line.put(id_, index)


async def _check_options(look: Look, row: DownloadSnapshot, options: DownloadOptions) -> None:
    """Have the service look at options before anything is given up for them."""
    result = await look.service.set_options(row.id, options)
    if result.failure is not None:
        raise RpcError(result.failure.message)


async def _first_added(look: Look, requests: tuple[AddRequest, ...]) -> str:
    """Add the first request that is taken, and return its id."""
    for request in requests:
        (result,) = await look.service.add([request])
        if result.outcome is AddOutcome.ADDED and result.id is not None:
            return result.id
    raise RpcError(f"GID#{requests[0].gid} cannot be moved.")


async def get_global_option(look: Look, params: Params) -> object:
    """Return what holds for downloads that are added later, and the limits of all."""
    picture = look.picture()
    return dict(sorted(look.desk.global_texts(picture).items()))


async def change_global_option(look: Look, params: Params) -> object:
    """Change what holds for downloads that are added later, and the limits of all."""
    texts = read_options(params.struct(0, required=True), may_be_everywhere)
    if "dir" in texts:
        try:
            # By the rules of all callers: others will add with it.
            texts["dir"] = look.desk.context.folders.resolve(texts["dir"] or None)
        except UsageError as error:
            raise bad_option("dir", error.message) from error
    changes(texts, "http://localhost/", look.desk.settings.defaults)  # refuses a broken header
    look.forget()
    slots = texts.pop("max-concurrent-downloads", None)
    if slots is not None:
        await look.service.set_slots(min(MOST_SLOTS, int(slots)))
    limit = texts.pop("max-overall-download-limit", None)
    if limit is not None:
        await look.service.set_global_limit(int(limit))
    look.desk.everywhere.update(texts)
    return OK
