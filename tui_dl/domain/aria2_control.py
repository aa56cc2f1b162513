"""aria2's control files: which pieces of an unfinished file it says it has. Pure.

Format: "Control File Format" of aria2's technical notes. Version 1 is big-endian; version 0
is in the order of the machine that wrote it, taken for little-endian here. Must not believe
a length before it is held against the bytes that are there.
"""

from __future__ import annotations

import struct

from tui_dl.domain.errors import UsageError
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.ranges import RangeSet

MOST_BYTES = 64 * 1024 * 1024
"""Longer ones are none: the bits for a file of 500 TB in pieces of 1 MiB fit."""
_LARGEST_PIECE = 1 << 30
_IN_FLIGHT_HEAD = 12


@dataclass(frozen=True, slots=True)
class Aria2Control:
    """What a control file of a download by HTTP or FTP says."""

    piece_bytes: int
    total_bytes: int
    done: RangeSet
    """Whole pieces alone; of those under way nothing is believed."""


def parse_aria2_control(data: bytes) -> Aria2Control:
    """Read a control file.

    Raises:
        UsageError: it is damaged, of another version, or of a torrent.
    """
    version = data[:2]
    if version not in (b"\0\0", b"\0\1"):
        raise UsageError("It is no control file of aria2, or of a version that is not known.")
    order = ">" if version == b"\0\1" else "<"
    try:
        return _parse(data, order)
    except struct.error as error:
        raise _damaged("it ends too early") from error


def _parse(data: bytes, order: str) -> Aria2Control:
    extension, hash_bytes = struct.unpack_from(f"{order}4sI", data, 2)
    if hash_bytes or extension[3] & 1 or extension[0] & 1:
        raise UsageError("It belongs to a torrent; only downloads by HTTP can be taken over.")
    piece, total, _uploaded, bits = struct.unpack_from(f"{order}IQQI", data, 10)
    if not 0 < piece <= _LARGEST_PIECE or not 0 < total < 1 << 62:
        raise _damaged("its lengths cannot be")
    pieces = (total + piece - 1) // piece
    if bits != (pieces + 7) // 8:
        raise _damaged("its pieces do not fit its length")
    field = data[34 : 34 + bits]
    (in_flight,) = struct.unpack_from(f"{order}I", data, 34 + bits)
    _check_in_flight(data, 34 + bits + 4, in_flight, pieces, order)
    if len(field) != bits or (pieces % 8 and field[-1] & (0xFF >> pieces % 8)):
        raise _damaged("it has pieces behind its end")
    done = _ranges(field, piece, total)
    return Aria2Control(piece, total, done)


def _check_in_flight(data: bytes, at: int, count: int, pieces: int, order: str) -> None:
    if count > pieces:
        raise _damaged("more pieces are under way than there are")
    for _ in range(count):
        index, _length, bits = struct.unpack_from(f"{order}III", data, at)
        at += _IN_FLIGHT_HEAD + bits
        if index >= pieces or at > len(data):
            raise _damaged("it ends too early")
    if at != len(data):
        raise _damaged("it has more bytes than it tells")


def _ranges(field: bytes, piece: int, total: int) -> RangeSet:
    found: list[tuple[int, int]] = []
    start: int | None = None
    for number in range(len(field) * 8 + 1):
        is_set = number < len(field) * 8 and field[number >> 3] & (0x80 >> (number & 7))
        if is_set and start is None:
            start = number
        elif not is_set and start is not None:
            found.append((start * piece, min(number * piece, total)))
            start = None
    return RangeSet(found)


def _damaged(why: str) -> UsageError:
    return UsageError(f"The control file is damaged: {why}.")
