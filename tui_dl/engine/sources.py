"""The links of one download: the first one, and mirrors that proved to have the same file.

Must not send anything. A mirror joins only under the same strong ETag, or when a digest
of the whole file will settle the matter; a sample of bytes proves nothing about the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from tui_dl.domain.errors import ErrorCode, ReplyRefusedError
from tui_dl.domain.model import Validators
from tui_dl.engine.source import LinkSource
from tui_dl.net.identity import Head, Known

MOST_NAMED = 16
"""Links of one download, when servers add to them."""


class MirrorRefusedError(ReplyRefusedError):
    """A mirror has another file, or cannot prove that it has the same."""

    code = ErrorCode.RESOURCE_CHANGED


class Busy(Protocol):
    """A worker as far as its source matters."""

    @property
    def source(self) -> LinkSource:
        """Where it fetches from."""

    def rate_bps(self, now_s: float) -> float:
        """What it brings now."""


class Sources:
    """All links of one run, best known order first."""

    def __init__(self, links: Sequence[LinkSource], *, has_digest: bool) -> None:
        self._links = list(links)
        self._has_digest = has_digest
        self._doubtful: list[LinkSource] = []
        """Mirrors that took part in a whole file that was wrong."""
        self._has_joined = False
        self.is_promised = False
        """The server, or a Metalink document, states digests: mirrors may join by them."""
        self._urls = {link.url for link in links}
        """All that ever were here: what was left out is not offered again."""

    @property
    def primary(self) -> LinkSource:
        """The link whose version counts."""
        return self._links[0]

    @property
    def has_others(self) -> bool:
        """Whether another link could take the place of the first one."""
        return bool(self._heirs())

    def _heirs(self) -> list[LinkSource]:
        """Return who may take the first place: a mirror that a server names must have joined."""
        return [link for link in self._links[1:] if not link.named_by or self.has_joined(link)]

    def offer(self, urls: Iterable[str], named_by: str) -> int:
        """Take in mirrors that the server at ``named_by`` names; return how many are new."""
        fresh = [url for url in dict.fromkeys(urls) if url not in self._urls]
        fresh = fresh[: max(0, MOST_NAMED - len(self._urls))]
        self._urls.update(fresh)
        self._links += [self.primary.beside(url, named_by) for url in fresh]
        return len(fresh)

    def pick(self, workers: Iterable[Busy], now_s: float) -> LinkSource:
        """Return the link that one more connection would probably help most."""
        if len(self._links) == 1:
            return self.primary
        rates: dict[int, list[float]] = {id(link): [] for link in self._links}
        for worker in workers:
            rates.setdefault(id(worker.source), []).append(worker.rate_bps(now_s))

        def worth(link: LinkSource) -> tuple[float, float]:
            mine = rates[id(link)]
            if not mine:
                return (1.0, 0.0)  # nobody asks it yet: find out
            return (0.0, sum(mine) / len(mine) / (len(mine) + 1))

        return max(self._links, key=worth)

    def known_of(self, link: LinkSource, known: Known) -> Known:
        """Return what a reply of ``link`` is compared with."""
        if link is self.primary:
            return known
        return Known(total=known.total, validators=link.validators, content_type=known.content_type)

    def has_joined(self, link: LinkSource) -> bool:
        """Whether a link's version is known: the first one, or a mirror that was admitted."""
        return link is self.primary or link.validators != Validators()

    def admit_mirror(self, link: LinkSource, head: Head, known: Known) -> None:
        """Let a mirror join at its first reply, or refuse it (trap H9).

        Raises:
            MirrorRefusedError: it may have another file.
        """
        if self.has_joined(link):
            return
        total = getattr(head.content_range, "total", None)
        if head.status != 206 or total is None or total != known.total:
            raise MirrorRefusedError(f"The mirror {link.host} has no ranges or another size.")
        tag = known.validators.etag
        if tag is not None and tag == known.validators.strong and tag == head.validators.etag:
            self._has_joined = True
            link.validators = head.validators
            return
        if not (self._has_digest or self.is_promised):
            raise MirrorRefusedError(
                f"The mirror {link.host} does not prove that it has the same file."
            )
        self._has_joined = True
        link.validators = head.validators if head.validators != Validators() else known.validators

    def drop(self, link: LinkSource) -> bool:
        """Take a link out unless it is the last one; ``False`` when it stays."""
        if link not in self._links or (link is self.primary and not self.has_others):
            return False
        if link is self.primary:
            heir = self._heirs()[0]
            self._links.remove(heir)
            self._links[0] = heir
        else:
            self._links.remove(link)
        return True

    def after_mismatch(self) -> bool:
        """Choose whom to ask for a file that came whole but wrong; ``False``: nobody is left.

        If mirrors took part, the first link is asked alone. If it was alone, each mirror is,
        as long as a digest of the user's can tell which of them is right.
        """
        if self._has_joined:
            self._doubtful, self._has_joined = self._links[1:], False
            del self._links[1:]
            return True
        if not self._has_digest:
            return False
        left = [*self._links[1:], *self._doubtful]
        if not left:
            return False
        self._links, self._doubtful = left[:1], left[1:]
        return True
