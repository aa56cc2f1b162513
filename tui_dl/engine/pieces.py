"""Digests of pieces: each piece is hashed when it is whole, and a bad one fetched again.

Owns which pieces are good. Hashing runs in its pool, beside the transfer. Must not write.
A bad piece stays on disk until the transfer has ended: then the run takes it back from
the plan and fetches it anew, from links that did not bring it where there are others.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable

from tui_dl.domain.model import PieceHashes
from tui_dl.domain.ranges import Range, RangeSet
from tui_dl.engine.disk import Pools
from tui_dl.engine.origins import Origins
from tui_dl.engine.transfer import Transfer
from tui_dl.engine.verify import DigestMismatchError
from tui_dl.storage.part_file import PartFile

LOOK_S = 0.2
STEP_BYTES = 1024 * 1024
MOST_FAILURES = 3
"""A piece that is bad so often from the only link there is cannot be had."""

ReadHash = Callable[[str, int, int], Awaitable[str]]
"""Algorithm, first byte and end -> lower-case hex of what is on disk."""


NO_PIECES = PieceHashes("sha256", 1, ())


class PieceCheck:
    """The pieces of one run; none until ``expect``."""

    def __init__(self, read_hash: ReadHash, origins: Origins, note: Callable[[str], None]) -> None:
        self._hashes = NO_PIECES
        self._total = 0
        self._read_hash = read_hash
        self._origins = origins
        self._note = note
        self._good: set[int] = set()
        self._bad: set[int] = set()
        self._failures: Counter[int] = Counter()

    def expect(self, hashes: PieceHashes | None, total: int | None) -> None:
        """Take what was promised of a file of ``total`` bytes; the same again changes nothing.

        Raises:
            DigestMismatchError: the pieces are those of a file of another size.
        """
        if hashes is None or total is None or (hashes, total) == (self._hashes, self._total):
            return
        if len(hashes.hexes) != -(-total // hashes.length_bytes):
            raise DigestMismatchError(
                f"The promised digests are of {len(hashes.hexes)} pieces of "
                f"{hashes.length_bytes} bytes; the file has {total} bytes."
            )
        self.forget()
        self._hashes, self._total = hashes, total

    def forget(self) -> None:
        """Nothing that was checked is there any more, and another version may come."""
        self._hashes, self._total = NO_PIECES, 0
        self._good.clear()
        self._bad.clear()
        self._failures.clear()

    @property
    def are_all_good(self) -> bool:
        """Whether every byte agrees with what was promised."""
        return 0 < len(self._hashes.hexes) == len(self._good)

    async def watch(self, transfer: Transfer, learn: Callable[[], Awaitable[None]]) -> None:
        """Check pieces as they become whole, until cancelled; ``learn`` may expect some first.

        Raises:
            DigestMismatchError: a piece cannot be had.
            DiskError: it cannot be read.
        """
        while True:
            await learn()
            await self._check_whole(transfer)
            await asyncio.sleep(LOOK_S)

    async def settle(self, transfer: Transfer) -> RangeSet:
        """Check what is left once all bytes are written; return what must be fetched again.

        Raises:
            DigestMismatchError, DiskError: as ``watch``.
        """
        await self._check_whole(transfer)
        lost = RangeSet(self._span(index) for index in self._bad)
        self._bad.clear()
        self._origins.forget(lost)
        return lost

    def _span(self, index: int) -> Range:
        start = index * self._hashes.length_bytes
        return Range(start, min(start + self._hashes.length_bytes, self._total))

    async def _check_whole(self, transfer: Transfer) -> None:
        written = transfer.plan.written()
        for index in range(len(self._hashes.hexes)):
            span = self._span(index)
            if index in self._good or index in self._bad or not written.covers(span):
                continue
            actual = await self._read_hash(self._hashes.algorithm, span.start, span.end)
            if actual == self._hashes.hexes[index]:
                self._good.add(index)
            else:
                self._bad.add(index)
                self._blame(index, actual, transfer)

    def _blame(self, index: int, actual: str, transfer: Transfer) -> None:
        """Leave out the link that brought a bad piece, if it is known and not the only one.

        Raises:
            DigestMismatchError: the only link has brought it too often.
        """
        self._failures[index] += 1
        span = self._span(index)
        suspects = self._origins.of(span, transfer.workers)
        where = " and ".join(link.host for link in suspects) or "an earlier run"
        self._note(
            f"Piece {index + 1} of {len(self._hashes.hexes)}, from {where}, "
            "has not the digest that was promised: it is fetched again."
        )
        is_stubborn = self._failures[index] >= MOST_FAILURES
        left_out = False
        if len(suspects) == 1 or is_stubborn:
            for link in suspects:
                if transfer.leave_out(link):
                    left_out = True
                    self._note(f"{link.host} is left out.")
        if is_stubborn and not left_out:
            raise DigestMismatchError(
                f"Bytes {span.start} to {span.end - 1} have the {self._hashes.algorithm} "
                f"{actual}, promised was {self._hashes.hexes[index]}."
            )


def hasher(pools: Pools, part: Callable[[], PartFile | None]) -> ReadHash:
    """Return the way to hash a stretch of a part file in the pool for that."""

    def blocking(algorithm: str, start: int, end: int) -> str:
        found = hashlib.new(algorithm, usedforsecurity=False)
        file = part()
        assert file is not None
        while start < end:
            data = file.read_at(start, min(STEP_BYTES, end - start))
            if not data:
                break  # somebody cut the file: the digest of the rest is a wrong one
            found.update(data)
            start += len(data)
        return found.hexdigest()

    async def read_hash(algorithm: str, start: int, end: int) -> str:
        return await pools.run(pools.hashing, blocking, algorithm, start, end)

    return read_hash
