"""Whether the bytes of one run are those that were promised: as a whole, and piece by piece.

Owns what was promised, which link brought what, and the mismatch that made other links be
asked. Must not change the file or its record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_dl.domain.model import Digest, DownloadRecord
from tui_dl.engine.facts import GenerationChangedError
from tui_dl.engine.origins import Origins
from tui_dl.engine.pieces import PieceCheck, hasher
from tui_dl.engine.promises import Promises
from tui_dl.engine.sources import Sources
from tui_dl.engine.target import FileTarget
from tui_dl.engine.verify import DigestMismatchError, verify

if TYPE_CHECKING:
    from tui_dl.engine.job import Job


class WrongFileError(GenerationChangedError):
    """A whole file that a digest refuses; another link may have the right one."""


class Proof:
    """Digests of the whole file and of its pieces, for the length of a run."""

    def __init__(self, job: Job, target: FileTarget) -> None:
        self.origins = Origins()
        self.pieces = PieceCheck(
            hasher(job.tools.pools, lambda: target.part), self.origins, job.note
        )
        self.wrong: DigestMismatchError | None = None
        """Why another link was asked for the whole file."""
        self._job = job
        self._target = target
        self._promises = Promises()

    async def fetch_promises(self) -> None:
        """Fetch the list of digests that the user named, if any.

        Raises:
            TransferError: it cannot be had.
            UsageError: its URL or the cookie file cannot be used.
        """
        tools = self._job.tools
        await self._promises.fetch(self._job.record, tools.around.client, tools.config)

    def promised(self, record: DownloadRecord, final_url: str | None) -> tuple[Digest, ...]:
        """Return the digests that the file of ``record`` must have.

        Raises:
            NotListedError: the list does not name the file.
        """
        return self._promises.digests(record, final_url)

    async def of_whole(self, server_digests: Sequence[Digest], links: Sources) -> Digest | None:
        """Check the finished file; return the strongest digest that it has, if any was promised.

        Raises:
            WrongFileError: it is another file; ``links`` asks another one from now on.
            DigestMismatchError: it is another file, and no link is left to ask.
            DiskError: it cannot be read.
        """
        record = self._job.record
        wanted = (*self.promised(record, record.final_url), *server_digests)
        try:
            return await self.hold_against(wanted)
        except DigestMismatchError as error:
            if not links.after_mismatch():
                raise
            self.wrong = error
            host = links.primary.host
            raise WrongFileError(f"{error.message} It is fetched from {host} alone.") from None

    async def hold_against(self, wanted: Sequence[Digest]) -> Digest | None:
        """Hash what is on the disk; return the strongest of ``wanted``. A stop ends it early.

        Raises:
            DigestMismatchError: one does not agree.
            DiskError: the file cannot be read.
        """
        return await verify(self._target, wanted, lambda _: self._job.stopping is None)
