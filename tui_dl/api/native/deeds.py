"""What each deed asks of the service. Must not know HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from tui_dl.api.context import ApiContext
from tui_dl.domain.errors import UsageError
from tui_dl.service.contract import ActionResult
from tui_dl.service.remote_wire import Act, Deed, merged_options

Doing = Callable[[ApiContext, Act], Awaitable[list[ActionResult]]]


async def _pause(context: ApiContext, act: Act) -> list[ActionResult]:
    return await context.service.pause(act.ids)


async def _resume(context: ApiContext, act: Act) -> list[ActionResult]:
    return await context.service.resume(act.ids)


async def _cancel(context: ApiContext, act: Act) -> list[ActionResult]:
    return await context.service.cancel(act.ids)


async def _remove(context: ApiContext, act: Act) -> list[ActionResult]:
    return await context.service.remove(act.ids, with_files=act.with_files)


async def _move(context: ApiContext, act: Act) -> list[ActionResult]:
    if act.to is None:
        raise UsageError("It is not said where to.")
    return await context.service.move(act.ids, act.to)


async def _move_to_index(context: ApiContext, act: Act) -> list[ActionResult]:
    if act.index is None:
        raise UsageError("It is not said where to.")
    return [await context.service.move_to_index(_only(act), act.index)]


async def _set_url(context: ApiContext, act: Act) -> list[ActionResult]:
    if act.url is None:
        raise UsageError("There is no new link.")
    return [await context.service.set_url(_only(act), act.url)]


async def _set_options(context: ApiContext, act: Act) -> list[ActionResult]:
    if act.options is None:
        raise UsageError("There are no options.")
    id_ = _only(act)
    row = context.find(id_)
    options = act.options if row is None else merged_options(row.options, act.options)
    return [await context.service.set_options(id_, options)]


async def _set_limit(context: ApiContext, act: Act) -> list[ActionResult]:
    if act.limit_bps is not None and act.limit_bps < 0:
        raise UsageError("A limit cannot be negative.")
    return [await context.service.set_limit(_only(act), act.limit_bps)]


async def _set_priority(context: ApiContext, act: Act) -> list[ActionResult]:
    if act.priority is None:
        raise UsageError("There is no priority.")
    return await context.service.set_priority(act.ids, act.priority)


async def _relocate(context: ApiContext, act: Act) -> list[ActionResult]:
    done = await context.service.relocate(_only(act), directory=act.directory, name=act.name)
    return [done]


def _only(act: Act) -> str:
    if len(act.ids) != 1:
        raise UsageError("This is for one download at a time.")
    return act.ids[0]


DEEDS: Mapping[Deed, Doing] = {
    Deed.PAUSE: _pause,
    Deed.RESUME: _resume,
    Deed.CANCEL: _cancel,
    Deed.REMOVE: _remove,
    Deed.MOVE: _move,
    Deed.MOVE_TO_INDEX: _move_to_index,
    Deed.SET_URL: _set_url,
    Deed.SET_OPTIONS: _set_options,
    Deed.SET_LIMIT: _set_limit,
    Deed.SET_PRIORITY: _set_priority,
    Deed.RELOCATE: _relocate,
}
