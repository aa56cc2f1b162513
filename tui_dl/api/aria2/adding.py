"""From addresses and option texts to a request of the service. Pure but for ``resolve``.

Must not add anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tui_dl.api.aria2.errors import RpcError, bad_option
from tui_dl.api.aria2.metalink import MetalinkFile
from tui_dl.api.aria2.options import Defaults, changes
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import AddRequest, DownloadOptions, Source
from tui_dl.domain.quick_dataclass import dataclass

ADDED_BY = "aria2"


@dataclass(frozen=True, slots=True)
class Place:
    """Where downloads may go, and what holds for those that name nothing."""

    resolve: Callable[[str | None], str]
    """From a wanted folder to an absolute, allowed one; raises ``UsageError``."""
    defaults: Defaults
    source: Source = Source.API


def no_uri() -> RpcError:
    """Return the answer to an add that has nothing to fetch, or a gid that is no use."""
    return RpcError("No URI to download.")


def request_for(uris: Sequence[str], texts: Mapping[str, str], place: Place) -> AddRequest:
    """Return the request for one file: the first address, the others as mirrors.

    ``texts`` are options in their one form (``read_options``). The gid, if any, is taken
    over unchecked.

    Raises:
        RpcError: no address, a folder that is not allowed, or a broken option.
    """
    if not uris:
        raise no_uri()
    directory, name = target(texts, place.resolve)
    fields = changes(texts, uris[0], place.defaults)
    return AddRequest(
        url=uris[0],
        directory=directory,
        options=DownloadOptions(out=name, mirrors=tuple(uris[1:]), **fields),
        paused=texts.get("pause") == "true",
        source=place.source,
        gid=texts.get("gid", "").lower() or None,
        # aria2 adds an address as often as it is asked to; names are made different.
        allow_duplicate=True,
        added_by=ADDED_BY,
    )


def target(
    texts: Mapping[str, str], resolve: Callable[[str | None], str]
) -> tuple[str, str | None]:
    """Return folder and wanted name: ``out`` may go through folders below ``dir``.

    Raises:
        RpcError: the folder is not allowed, or ``out`` names a folder.
    """
    folder, _, name = texts.get("out", "").rpartition("/")
    if folder and not name:
        raise bad_option("out")
    wanted = texts.get("dir", "")
    if folder:
        below = folder.lstrip("/")
        wanted = f"{wanted.rstrip('/')}/{below}" if wanted else below
    try:
        return resolve(wanted or None), name or None
    except UsageError as error:
        raise bad_option("out" if folder else "dir", error.message) from error


def metalink_request(
    file: MetalinkFile, texts: Mapping[str, str], place: Place, *, is_only_one: bool
) -> AddRequest:
    """Return the request for one file of a Metalink document.

    Its own digests win over a checksum option, its name over ``out`` unless it is the
    only file.

    Raises:
        RpcError: as ``request_for``.
    """
    own = {name: text for name, text in texts.items() if name not in ("gid", "checksum")}
    if not (is_only_one and own.get("out")):
        own["out"] = file.name
    request = request_for(file.uris, own, place)
    options = replace(request.options, pieces=file.pieces)
    if file.digests:
        options = replace(options, digests=file.digests)
    return replace(request, options=options)
