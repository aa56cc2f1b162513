"""Methods about the server itself: version, session, notifications, the end."""

from __future__ import annotations

import asyncio

from tui_dl.api.aria2.codec import ACTIVE, COMPLETE, ERROR, PAUSED, word
from tui_dl.api.aria2.desk import Look
from tui_dl.api.aria2.errors import RpcError
from tui_dl.api.aria2.methods.steer import OK
from tui_dl.api.aria2.notify import NOTIFICATIONS
from tui_dl.api.aria2.options import chosen
from tui_dl.api.aria2.params import Params
from tui_dl.api.aria2.session import SessionEntry, session_text
from tui_dl.api.aria2.session_file import write_session
from tui_dl.domain.snapshot import DownloadSnapshot

VERSION = "1.37.0"
"""The aria2 whose interface this is. Clients parse it and show it."""
FEATURES = ("Async DNS", "GZip", "HTTPS", "Message Digest", "Metalink")
"""What aria2 would list of what works here; there is no BitTorrent, and clients look."""

SHUTDOWN_S = 1.0
"""Time for the reply to leave before the process ends."""


async def get_version(look: Look, params: Params) -> object:
    """Return the version and features."""
    return {"enabledFeatures": list(FEATURES), "version": VERSION}


async def get_session_info(look: Look, params: Params) -> object:
    """Return an id that is new at each start."""
    return {"sessionId": look.desk.session_id}


async def list_notifications(look: Look, params: Params) -> object:
    """Return the names of all notifications."""
    return list(NOTIFICATIONS)


async def save_session(look: Look, params: Params) -> object:
    """Write the session file that the process was started with."""
    path = look.desk.settings.session_path
    if path is None:
        raise RpcError("Filename is not given.")
    text = session_text(await session_entries(look))
    try:
        await asyncio.to_thread(write_session, path, text)
    except OSError as error:
        raise RpcError(f"Failed to serialize session to '{path}'.") from error
    return OK


async def session_entries(look: Look) -> list[SessionEntry]:
    """Return everything that is not done: active, waiting in their order, failed."""
    picture = look.picture()
    active = [row for row in picture.downloads if word(row) == ACTIVE]
    failed = [row for row in look.stopped() if word(row) == ERROR]
    forced = [row for row in look.stopped() if _is_forced(look, row)]
    return [_entry(look, row) for row in (*active, *look.line(), *failed, *forced)]


def _is_forced(look: Look, row: DownloadSnapshot) -> bool:
    texts = look.ledger.extra(row.id).texts
    return texts.get("force-save") == "true" and word(row) == COMPLETE


def _entry(look: Look, row: DownloadSnapshot) -> SessionEntry:
    options = {"gid": row.gid}
    if word(row) == PAUSED:
        options["pause"] = "true"
    options |= chosen(row.options, row.directory) | dict(look.ledger.extra(row.id).texts)
    return SessionEntry((row.url, *row.options.mirrors), options)


async def shutdown(look: Look, params: Params) -> object:
    """End the process, a moment after the reply."""
    shut_down = look.desk.settings.shut_down
    if shut_down is None:
        raise RpcError("This program is not ended by its clients.")
    if not look.desk.is_shutting_down:
        look.desk.is_shutting_down = True
        asyncio.get_running_loop().call_later(SHUTDOWN_S, shut_down)
    return OK
