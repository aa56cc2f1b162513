"""GET /{directory}?download=URL: checking what is asked for, and adding it.

Answered once the download is queued; how it ends is told by the history. Must not know
paths beyond the folder's.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response
from starlette.types import Scope

from tui_dl.api.context import ApiContext
from tui_dl.api.files.codec import Target, result_wire
from tui_dl.api.files.codes import FilesCode, code_of
from tui_dl.api.files.naming import settled_name
from tui_dl.api.files.places import BadPathError, OutsideError, Place, folder_names, place_of
from tui_dl.api.files.replies import json_reply, not_started, refused
from tui_dl.api.files.settings import FilesSettings
from tui_dl.api.requests import query_value
from tui_dl.domain.errors import UsageError
from tui_dl.domain.hosts import host_rule
from tui_dl.domain.model import AddRequest, DownloadOptions, Source, Status
from tui_dl.domain.names import name_from_url, safe_name
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.urls import ParsedUrl, parse_url
from tui_dl.service.contract import AddOutcome

ADDED_BY = "files"
MOST_TRIES = 3
"""In a row without progress: its clients wait for an answer of their history."""
LONGEST_TIMEOUT_S = 7 * 86_400
NO_NAME = "download"

_NO_FILE_NAME = re.compile(r"[\x00-\x1f\x7f/\\\ud800-\udfff]|\A\.{1,2}\Z|\A\s*\Z")
_STOPPED = frozenset({Status.PAUSED, Status.PAUSING, Status.FAILED, Status.CANCELLED})


@dataclass(frozen=True, slots=True)
class Wish:
    """A request whose parameters were read, but whose folder was not looked at."""

    target: Target
    url: ParsedUrl
    out: str | None
    timeout_s: float


async def start(
    context: ApiContext, settings: FilesSettings, scope: Scope, segments: Sequence[str]
) -> Response:
    """Begin a download and answer at once.

    Raises:
        Refused: 400 in the form of a result, or 403.
    """
    if not settings.allow_download:
        raise refused(403, FilesCode.DOWNLOAD_FORBIDDEN)
    wish = read_wish(settings, scope, segments)
    try:
        place = place_of(context.folders, segments)
    except BadPathError as error:
        raise not_started(wish.target, FilesCode.INVALID_PATH) from error
    except OutsideError as error:
        raise refused(403, FilesCode.ACCESS_FORBIDDEN) from error
    return json_reply(result_wire(await _add(context, settings, wish, place)), 201)


def read_wish(settings: FilesSettings, scope: Scope, segments: Sequence[str]) -> Wish:
    """Return what a request asks for.

    Raises:
        Refused: 400, a parameter is wrong or the host is blocked.
    """
    text = query_value(scope, "download") or ""
    wanted = query_value(scope, "filename") or ""
    target = Target(str(uuid.uuid4()), _first_guess(wanted, text), _raw_label(segments))
    try:
        url = parse_url(text)
    except UsageError as error:
        raise not_started(target, FilesCode.INVALID_URL) from error
    if not host_rule(settings.allowed_hosts, settings.blocked_hosts).allows(url.host):
        raise not_started(target, FilesCode.DOMAIN_BLOCKED)
    if wanted and _NO_FILE_NAME.search(wanted):
        raise not_started(target, FilesCode.INVALID_PARAMETER)
    timeout_s = _timeout_s(query_value(scope, "timeout"), settings.timeout_s)
    if timeout_s is None:
        raise not_started(target, FilesCode.INVALID_PARAMETER)
    # The name is settled now: the client is told a path, and the file must be there.
    name = wanted or name_from_url(url.target)
    out = None if name is None else safe_name(name, fallback=NO_NAME)
    return Wish(target, url, out, timeout_s)


async def _add(context: ApiContext, settings: FilesSettings, wish: Wish, place: Place) -> Target:
    rows, url = context.rows.rows(), wish.url.raw
    wanted = wish.out
    out = None if wanted is None else await settled_name(rows, url, place.directory, wanted)
    options = DownloadOptions(
        out=out,
        max_tries=MOST_TRIES,
        overall_timeout_s=wish.timeout_s,
        allowed_hosts=settings.allowed_hosts,
        blocked_hosts=settings.blocked_hosts,
    )
    request = AddRequest(
        url=url,
        directory=place.directory,
        options=options,
        source=Source.API,
        id=wish.target.id,
        added_by=ADDED_BY,
    )
    (result,) = await context.service.add([request])
    if result.id is None:
        raise not_started(wish.target, code_of(result.failure))
    if result.outcome is AddOutcome.DUPLICATE:
        await _go_on(context, result.id, options)
    row = context.find(result.id)
    name = wish.target.filename if row is None else row.name
    return Target(result.id, name, place.label)


async def _go_on(context: ApiContext, id_: str, options: DownloadOptions) -> None:
    """Run again what an earlier request for the same file left stopped, bytes kept."""
    row = context.find(id_)
    if row is None or row.status not in _STOPPED:
        return
    renewed = replace(
        row.options,
        overall_timeout_s=options.overall_timeout_s,
        allowed_hosts=options.allowed_hosts,
        blocked_hosts=options.blocked_hosts,
    )
    await context.service.set_options(id_, renewed)
    await context.service.resume([id_])


def _timeout_s(text: str | None, default_s: float) -> float | None:
    """Return the seconds that a client names, ``None`` when that is no number of seconds."""
    if not text:
        return default_s
    is_number = text.isascii() and text.isdecimal() and len(text) <= 9
    seconds = int(text) if is_number else 0
    return float(seconds) if 1 <= seconds <= LONGEST_TIMEOUT_S else None


def _first_guess(wanted: str, url: str) -> str:
    """Return a file name for refusals: nothing of it is checked yet."""
    guess = wanted or url.partition("?")[0].partition("#")[0].rpartition("/")[2]
    return safe_name(guess.encode("utf-8", "replace").decode(), fallback=NO_NAME)


def _raw_label(segments: Sequence[str]) -> str:
    """Return the folder of a refusal as far as it can be repeated."""
    try:
        return "/".join(folder_names(segments))
    except BadPathError:
        return ""
