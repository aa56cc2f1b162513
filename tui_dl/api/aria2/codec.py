"""One download as aria2 tells it: every scalar a string, no key missing. Pure.

Offsets are counted in pieces of 1 MiB, whatever the engine's ranges are; a piece is there
when every byte of it is. Must not ask the service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from tui_dl.api.aria2.errors import OK_CODE, REMOVED_CODE, download_error_code
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import Status
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.ranges import RangeSet
from tui_dl.domain.snapshot import DownloadDetails, DownloadSnapshot, EngineSnapshot, SegmentState
from tui_dl.domain.urls import parse_url

PIECE_BYTES = 1024 * 1024

ACTIVE = "active"
WAITING = "waiting"
PAUSED = "paused"
COMPLETE = "complete"
ERROR = "error"
REMOVED = "removed"

STATUS_WORDS: Mapping[Status, str] = MappingProxyType(
    {
        Status.QUEUED: WAITING,
        Status.PROBING: ACTIVE,
        Status.DOWNLOADING: ACTIVE,
        # Clients look right after the reply to their pause, and want to see it paused.
        Status.PAUSING: PAUSED,
        Status.PAUSED: PAUSED,
        Status.RETRYING: ACTIVE,
        Status.VERIFYING: ACTIVE,
        Status.COMPLETED: COMPLETE,
        Status.FAILED: ERROR,
        Status.CANCELLED: REMOVED,
    }
)
STOPPED_WORDS = frozenset({COMPLETE, ERROR, REMOVED})
WAITING_WORDS = frozenset({WAITING, PAUSED})


def word(row: DownloadSnapshot) -> str:
    """Return aria2's word for a download's status."""
    return STATUS_WORDS[row.status]


def needs_details(row: DownloadSnapshot) -> bool:
    """Whether the row alone does not tell which bytes are there or what the file is called."""
    if row.status is Status.COMPLETED:
        return False
    return row.status.is_running or row.total_bytes is not None or row.done_bytes > 0


@dataclass(frozen=True)  # without slots: cached_property needs a place to put its value
class View:
    """What is known of one download when it is told."""

    row: DownloadSnapshot
    details: DownloadDetails | None = None
    """``None`` unless ``needs_details``."""
    expected_bytes: int | None = None
    """Size that a Metalink promised."""

    @property
    def uris(self) -> tuple[str, ...]:
        """The address and its mirrors."""
        return (self.row.url, *self.row.options.mirrors)

    @property
    def total_bytes(self) -> int:
        """Size, 0 while unknown."""
        return self.row.total_bytes or 0

    @property
    def is_moving(self) -> bool:
        """Whether rates and connections mean anything."""
        return word(self.row) == ACTIVE

    @property
    def path(self) -> str:
        """The final path; empty while nobody knows the name.

        No guess is told: clients delete and move what stands at this path.
        """
        if self.details is not None and self.details.final_path is not None:
            return self.details.final_path
        if self.row.status is Status.COMPLETED or self.row.options.out is not None:
            return str(Path(self.row.directory) / self.row.name)
        return ""

    @cached_property
    def pieces(self) -> bytes:
        """One digit a piece: 1 when every byte of it is there."""
        if self.row.status is Status.COMPLETED:
            return b"1" * piece_count(self.total_bytes)
        done = (SegmentState.DONE, SegmentState.VERIFIED)
        segments = () if self.details is None else self.details.segments
        written = RangeSet((s.start, s.end) for s in segments if s.state in done)
        return whole_pieces(written, self.total_bytes)


def piece_count(total_bytes: int) -> int:
    """Return how many pieces a file has."""
    return -(-total_bytes // PIECE_BYTES)


def whole_pieces(written: RangeSet, total_bytes: int) -> bytes:
    """Return one digit a piece. Costs what the ranges cost, not what the pieces would."""
    digits = bytearray(b"0" * piece_count(total_bytes))
    for span in written:
        first = piece_count(span.start)
        end = len(digits) if span.end >= total_bytes else span.end // PIECE_BYTES
        if first < end:
            digits[first:end] = b"1" * (end - first)
    return bytes(digits)


def bitfield(pieces: bytes) -> str:
    """Return the pieces as hex: the highest bit of the first byte is piece 0."""
    if not pieces:
        return ""
    digits = pieces + b"0" * (-len(pieces) % 8)
    return f"{int(digits, 2):0{len(digits) // 4}x}"


def uris(view: View) -> list[dict[str, str]]:
    """Return the addresses: those that bytes come from are used, the others wait."""
    hosts = _hosts_at_work(view)
    told = []
    for uri in dict.fromkeys(view.uris):
        is_first = uri == view.row.url
        is_used = _host(uri) in hosts or (is_first and (view.is_moving or view.row.done_bytes > 0))
        told.append({"status": "used" if is_used else "waiting", "uri": uri})
    return told


def _hosts_at_work(view: View) -> frozenset[str]:
    workers = () if view.details is None else view.details.workers
    return frozenset(worker.host for worker in workers)


def _host(uri: str) -> str | None:
    try:
        return parse_url(uri).host_port
    except UsageError:
        return None


def files(view: View) -> list[dict[str, object]]:
    """Return the one file of a download."""
    whole_bytes = view.pieces.count(b"1") * PIECE_BYTES
    if view.pieces.endswith(b"1"):
        whole_bytes -= len(view.pieces) * PIECE_BYTES - view.total_bytes
    length = view.row.total_bytes or view.expected_bytes or 0
    return [
        {
            "completedLength": str(whole_bytes),
            "index": "1",
            "length": str(length),
            "path": view.path,
            "selected": "true",
            "uris": uris(view),
        }
    ]


def servers(view: View) -> list[dict[str, object]]:
    """Return one entry for each connection of an active download."""
    by_host = {_host(uri): uri for uri in reversed(view.uris)}
    details = view.details
    final = view.row.url if details is None or details.final_url is None else details.final_url
    told = [
        {
            "currentUri": final if worker.host == _host(final) else by_host.get(worker.host, final),
            "downloadSpeed": str(int(worker.rate_bps)),
            "uri": by_host.get(worker.host, view.row.url),
        }
        for worker in (() if details is None else details.workers)
    ]
    return [{"index": "1", "servers": told}]


def _bitfield(view: View) -> object:
    return bitfield(view.pieces) or None


def _error_code(view: View) -> object:
    row = view.row
    if word(row) not in STOPPED_WORDS:
        return None
    if row.status is Status.COMPLETED:
        return OK_CODE
    if row.status is Status.CANCELLED:
        return REMOVED_CODE
    return "1" if row.failure is None else download_error_code(row.failure)


def _error_message(view: View) -> object:
    row = view.row
    if word(row) not in STOPPED_WORDS:
        return None
    return row.failure.message if row.status is Status.FAILED and row.failure else ""


_TELLERS: Mapping[str, Callable[[View], object]] = MappingProxyType(
    {
        "bitfield": _bitfield,
        "completedLength": lambda view: str(view.row.done_bytes),
        "connections": lambda view: str(view.row.connections if view.is_moving else 0),
        "dir": lambda view: view.row.directory,
        "downloadSpeed": lambda view: str(int(view.row.rate_bps) if view.is_moving else 0),
        "errorCode": _error_code,
        "errorMessage": _error_message,
        "files": files,
        "gid": lambda view: view.row.gid,
        "numPieces": lambda view: str(piece_count(view.total_bytes)),
        "pieceLength": lambda _: str(PIECE_BYTES),
        "status": lambda view: word(view.row),
        "totalLength": lambda view: str(view.total_bytes),
        "uploadLength": lambda _: "0",
        "uploadSpeed": lambda _: "0",
    }
)
"""In the order in which they are sent. ``None`` leaves a key out."""

_COSTLY = frozenset({"bitfield", "files"})


def wants_details(keys: Collection[str]) -> bool:
    """Whether these keys need more than the row; no keys are all keys."""
    return not keys or not _COSTLY.isdisjoint(keys)


def status(view: View, keys: Collection[str] = ()) -> dict[str, object]:
    """Return the struct of tellStatus; no keys are all keys, unknown ones are ignored."""
    told: dict[str, object] = {}
    for key, teller in _TELLERS.items():
        if not keys or key in keys:
            value = teller(view)
            if value is not None:
                told[key] = value
    return told


def global_stat(picture: EngineSnapshot, stopped_total: int) -> dict[str, str]:
    """Return the struct of getGlobalStat."""
    words: Counter[str] = Counter()
    for kind, number in Counter(row.status for row in picture.downloads).items():
        words[STATUS_WORDS[kind]] += number
    return {
        "downloadSpeed": str(int(picture.rate_bps)),
        "numActive": str(words[ACTIVE]),
        "numStopped": str(sum(words[one] for one in STOPPED_WORDS)),
        "numStoppedTotal": str(stopped_total),
        "numWaiting": str(sum(words[one] for one in WAITING_WORDS)),
        "uploadSpeed": "0",
    }
