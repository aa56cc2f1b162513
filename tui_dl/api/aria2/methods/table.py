"""The names of all methods, in aria2's own order, and what each may do.

A build of aria2 without BitTorrent has no addTorrent and no getPeers; neither has this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from tui_dl.api.aria2.desk import Look
from tui_dl.api.aria2.methods import add, settings, steer, system, tell
from tui_dl.api.aria2.params import Params
from tui_dl.domain.quick_dataclass import dataclass

Handler = Callable[[Look, Params], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Method:
    """One method: what runs, and what it takes to be allowed."""

    handler: Handler
    is_reading: bool = False
    needs_token: bool = True


async def list_methods(look: Look, params: Params) -> object:
    """Return the names of all methods."""
    return list(METHOD_NAMES)


MULTICALL = "system.multicall"

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "aria2.addUri": Method(add.add_uri),
        "aria2.addMetalink": Method(add.add_metalink),
        "aria2.remove": Method(steer.remove),
        "aria2.pause": Method(steer.pause),
        "aria2.forcePause": Method(steer.force_pause),
        "aria2.pauseAll": Method(steer.pause_all),
        "aria2.forcePauseAll": Method(steer.pause_all),
        "aria2.unpause": Method(steer.unpause),
        "aria2.unpauseAll": Method(steer.unpause_all),
        "aria2.forceRemove": Method(steer.remove),
        "aria2.changePosition": Method(steer.change_position),
        "aria2.tellStatus": Method(tell.tell_status, is_reading=True),
        "aria2.getUris": Method(tell.get_uris, is_reading=True),
        "aria2.getFiles": Method(tell.get_files, is_reading=True),
        "aria2.getServers": Method(tell.get_servers, is_reading=True),
        "aria2.tellActive": Method(tell.tell_active, is_reading=True),
        "aria2.tellWaiting": Method(tell.tell_waiting, is_reading=True),
        "aria2.tellStopped": Method(tell.tell_stopped, is_reading=True),
        "aria2.getOption": Method(settings.get_option, is_reading=True),
        "aria2.changeUri": Method(add.change_uri),
        "aria2.changeOption": Method(settings.change_option),
        "aria2.getGlobalOption": Method(settings.get_global_option, is_reading=True),
        "aria2.changeGlobalOption": Method(settings.change_global_option),
        "aria2.purgeDownloadResult": Method(steer.purge_download_result),
        "aria2.removeDownloadResult": Method(steer.remove_download_result),
        "aria2.getVersion": Method(system.get_version, is_reading=True),
        "aria2.getSessionInfo": Method(system.get_session_info, is_reading=True),
        "aria2.shutdown": Method(system.shutdown),
        "aria2.forceShutdown": Method(system.shutdown),
        "aria2.getGlobalStat": Method(tell.get_global_stat, is_reading=True),
        "aria2.saveSession": Method(system.save_session),
        "system.listMethods": Method(list_methods, is_reading=True, needs_token=False),
        "system.listNotifications": Method(
            system.list_notifications, is_reading=True, needs_token=False
        ),
    }
)
"""All but system.multicall, which the runner itself takes apart."""

METHOD_NAMES = (
    *(name for name in METHODS if name.startswith("aria2.")),
    MULTICALL,
    *(name for name in METHODS if name.startswith("system.")),
)
