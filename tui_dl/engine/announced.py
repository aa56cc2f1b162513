"""What a server says of other places of its file: mirrors, and a Metalink document (RFC 6249).

Owns what is believed of it. Mirrors still have to prove themselves (``sources.py``), and a
document counts only when it agrees with a digest that is known from elsewhere: a stale one
must not spoil a good file. Must not fetch the file itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_dl.domain.errors import TuiDlError
from tui_dl.domain.link_fields import metalink_of, mirrors_of, parse_links
from tui_dl.domain.metalink import MOST_BYTES, MetalinkFile, parse_metalink
from tui_dl.domain.model import Digest, PieceHashes
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.redaction import redacted
from tui_dl.domain.urls import parse_url
from tui_dl.engine.facts import Facts
from tui_dl.engine.lookup import read_document
from tui_dl.engine.sources import Sources
from tui_dl.net.reply import Reply

if TYPE_CHECKING:
    from tui_dl.engine.job import Job

WORTH_BYTES = 4 * 1024 * 1024
"""A smaller file is here before a mirror has answered."""


@dataclass(frozen=True, slots=True)
class Described:
    """A Metalink document that the server names, not fetched yet."""

    url: str
    named_by: str


def hear(job: Job, reply: Reply, sources: Sources, facts: Facts) -> Described | None:
    """Take in the mirrors that a first reply names; return the document that it names."""
    total = facts.known.total
    values = reply.headers.get_all("link")
    if not values or total is None or total < WORTH_BYTES:
        return None
    base, links = parse_url(reply.url), parse_links(values)
    sources.is_promised |= bool(facts.server_digests)
    if sources.is_promised or job.record.options.digests or facts.known.validators.strong:
        _offer(job, sources, mirrors_of(links, base), reply.peer)
    url = metalink_of(links, base)
    return None if url is None else Described(url, reply.peer)


async def read_description(
    job: Job, described: Described, sources: Sources, facts: Facts
) -> PieceHashes | None:
    """Fetch the document; take its mirrors and return its pieces if it speaks of this file.

    Whatever is wrong with it costs a line in the log, never the download.
    """
    tools, record = job.tools, job.record
    link = sources.primary.beside(described.url, described.named_by)
    where = redacted(described.url)
    try:
        body = await read_document(tools.around.client, link, MOST_BYTES)
        files = await tools.pools.run(tools.pools.hashing, parse_metalink, body)
    except TuiDlError as error:
        job.note(f"The Metalink document {where} is not used. {error.message}")
        return None
    promised = (*record.options.digests, *facts.server_digests)
    file = next((one for one in files if _agrees(one, facts.known.total, promised)), None)
    if file is None:
        job.note(f"The Metalink document {where} does not prove to describe this file.")
        return None
    sources.is_promised = True
    _offer(job, sources, file.uris, described.named_by)
    pieces = file.pieces
    count = 0 if pieces is None else -(-(facts.known.total or 0) // pieces.length_bytes)
    return pieces if pieces is not None and count == len(pieces.hexes) else None


def _agrees(file: MetalinkFile, total: int | None, promised: tuple[Digest, ...]) -> bool:
    known = {digest.algorithm: digest.hex for digest in promised}
    shared = [digest for digest in file.digests if digest.algorithm in known]
    if file.size_bytes not in (None, total) or not shared:
        return False
    return all(known[digest.algorithm] == digest.hex for digest in shared)


def _offer(job: Job, sources: Sources, urls: tuple[str, ...], named_by: str) -> None:
    count = sources.offer(urls, named_by)
    if count:
        job.note(f"The server names {count} mirror{'' if count == 1 else 's'}.")
