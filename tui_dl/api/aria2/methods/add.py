"""Methods that add: addresses and Metalink documents; and the editing of addresses."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tui_dl.api.aria2.adding import metalink_request, no_uri, request_for
from tui_dl.api.aria2.codec import STOPPED_WORDS, word
from tui_dl.api.aria2.desk import Look
from tui_dl.api.aria2.errors import RpcError
from tui_dl.api.aria2.ledger import Extra
from tui_dl.api.aria2.listing import queue_index
from tui_dl.api.aria2.metalink import parse_metalink, unreadable
from tui_dl.api.aria2.methods.restart import while_stopped
from tui_dl.api.aria2.methods.steer import check
from tui_dl.api.aria2.options import may_be_added, read_options, unmapped
from tui_dl.api.aria2.params import Params
from tui_dl.api.aria2.uris import edit, usable
from tui_dl.domain.model import AddRequest
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.service.contract import AddOutcome

_GID = re.compile("(?!0{16})[0-9a-f]{16}")


async def add_uri(look: Look, params: Params) -> object:
    """Add one download; more addresses are its mirrors. Return its gid."""
    uris, struct, position = params.texts(0), params.struct(1), params.position(2)
    if not uris:
        raise RpcError("URI is not provided.")
    texts = _texts(look, struct)
    found = usable(uris, parameterized=texts.get("parameterized-uri") == "true")
    request = _with_gid(request_for(found, texts, look.place()))
    return (await _add(look, [request], [Extra(unmapped(texts))], position))[0]


async def add_metalink(look: Look, params: Params) -> object:
    """Add the files of a Metalink document, given in base64. Return their gids."""
    encoded, position = params.text(0), params.position(2)
    texts = _texts(look, params.struct(1, empty_list=True))
    try:
        document = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise unreadable() from error
    # A document may be megabytes: the engine's loop must not wait for it.
    files = await asyncio.to_thread(parse_metalink, document)
    place, is_only_one = look.place(), len(files) == 1
    requests = [
        _with_gid(metalink_request(file, texts, place, is_only_one=is_only_one)) for file in files
    ]
    kept = unmapped(texts)
    extras = [Extra(kept, file.size_bytes, file.pieces) for file in files]
    return await _add(look, requests, extras, position)


def _texts(look: Look, struct: Mapping[str, object]) -> dict[str, str]:
    given = read_options(struct, may_be_added)
    # An empty folder or name means nothing given, not the root of all.
    given = {name: text for name, text in given.items() if text or name not in ("dir", "out")}
    return {**look.desk.added_texts(), **given}


def _with_gid(request: AddRequest) -> AddRequest:
    if request.gid is None:
        return replace(request, gid=secrets.token_hex(8))
    if not _GID.fullmatch(request.gid):
        raise no_uri()
    return request


async def _add(
    look: Look, requests: Sequence[AddRequest], extras: Sequence[Extra], position: int | None
) -> list[str]:
    line = look.line()
    taken = {row.gid for row in look.picture().downloads}
    if any(request.gid in taken for request in requests):
        raise no_uri()
    if position is not None:
        place = queue_index(line, "", position)
        requests = [replace(one, position=place + i) for i, one in enumerate(requests)]
    look.forget()
    gids: list[str] = []
    for request, extra, result in zip(
        requests, extras, await look.service.add(requests), strict=True
    ):
        if result.outcome is AddOutcome.REFUSED or result.id is None:
            message = "" if result.failure is None else result.failure.message
            raise RpcError(message or "No URI to download.")
        look.ledger.note(result.id, extra)
        gids.append(request.gid or "")
        if position is not None:
            look.line()
            look.desk.line.put(result.id, position + len(gids) - 1)
    return gids


async def change_uri(look: Look, params: Params) -> object:
    """Take addresses out and put others in; return how many went and came."""
    gid, number = params.text(0), params.integer(1, least=1)
    gone, fresh, position = params.texts(2), params.texts(3), params.position(4)
    row = look.find(gid)
    if word(row) in STOPPED_WORDS:
        raise RpcError(f"Cannot remove URIs from GID#{row.gid}")
    if number != 1:
        raise RpcError("fileIndex is out of range")
    done = edit((row.url, *row.options.mirrors), gone, fresh, position)
    await _set_uris(look, row, done.uris)
    return [done.deleted, done.added]


async def _set_uris(look: Look, row: DownloadSnapshot, uris: Sequence[str]) -> None:
    """Give a download its addresses; a running one starts again when its first one changes."""
    look.forget()
    refusal = f"Cannot remove URIs from GID#{row.gid}"

    async def change() -> None:
        if uris[0] != row.url:
            check([await look.service.set_url(row.id, uris[0])], refusal)
        if tuple(uris[1:]) != row.options.mirrors:
            options = replace(row.options, mirrors=tuple(uris[1:]))
            check([await look.service.set_options(row.id, options)], refusal)

    if uris[0] == row.url:
        await change()
    else:
        await while_stopped(look, row, change)
