"""The body of GET /list, for lists of any length. Belongs to one loop."""

from __future__ import annotations

from collections.abc import Iterable

from tui_dl.api.surge.codec import Wire, download_status, listed
from tui_dl.api.surge.replies import to_json
from tui_dl.domain.redaction import without_credentials
from tui_dl.domain.snapshot import DownloadSnapshot


class ListBody:
    """Puts rows into words once: a row that did not change is the same object as before.

    A client that asks for ten thousand rows every second must not hold up the engine,
    whose loop this is (traps S20, L5).
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[DownloadSnapshot, bytes]] = {}

    def encode(self, rows: Iterable[DownloadSnapshot]) -> bytes:
        """Return the array and a newline; what is kept afterwards are these rows only."""
        before, self._kept = self._kept, {}
        for row in listed(rows):
            known = before.get(row.id)
            if known is None or known[0] is not row:
                known = (row, to_json(_comparable(row)))
            self._kept[row.id] = known
        return b"[" + b",".join(body for _, body in self._kept.values()) + b"]\n"


def _comparable(row: DownloadSnapshot) -> Wire:
    """Return a row whose link is whole but for its login.

    The browser extension asks here whether it has a link already. Hidden, the browser
    would fetch it a second time.
    """
    return download_status(row) | {"url": without_credentials(row.url)}
