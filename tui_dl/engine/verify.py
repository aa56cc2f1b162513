"""Hold a finished file against the digests that were promised for it.

Must not decide what happens to a file that fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from tui_dl.domain.digests import strongest
from tui_dl.domain.errors import ErrorCode, TuiDlError
from tui_dl.domain.model import Digest


class Hashable(Protocol):
    """A file that can be hashed off the loop."""

    async def hash(self, algorithm: str, progress: Callable[[int], bool]) -> str:
        """Return the digest of the whole file."""


class DigestMismatchError(TuiDlError):
    """The bytes are not those that somebody promised."""

    code = ErrorCode.DIGEST_MISMATCH


async def verify(
    target: Hashable, wanted: Sequence[Digest], progress: Callable[[int], bool]
) -> Digest | None:
    """Check every digest; return the strongest one, ``None`` when there are none.

    Raises:
        DigestMismatchError: one does not agree.
        DiskError: the file cannot be read.
    """
    found: dict[str, str] = {}
    for digest in dict.fromkeys(wanted):
        if digest.algorithm not in found:
            found[digest.algorithm] = await target.hash(digest.algorithm, progress)
        actual = found[digest.algorithm]
        if actual != digest.hex:
            raise DigestMismatchError(
                f"The file's {digest.algorithm} is {actual}, promised was {digest.hex}."
            )
    return strongest(tuple(wanted)) if wanted else None
