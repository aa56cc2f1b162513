"""The layout of a journal file: one checked header, then pairs of 64-bit words. Pure bytes.

Must not touch files. The words are in the byte order of the machine: a journal is valid
only within one boot of one machine, so it never meets another order.

Header, 192 bytes: magic, format version, slot count, boot id, SHA-256 of the record id,
generation, device and inode of the part, padding, CRC-32 of all before it.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from tui_dl.domain.model import PartIdentity
from tui_dl.domain.ranges import RangeSet

HEADER_BYTES = 192
SLOT_BYTES = 16
WORD_BYTES = 8
OFFSET_LIMIT = 2**63
AT_REST = 1
"""End of the first slot, which claims nothing, once nobody writes any more."""

_MAGIC = b"tui-dl\0J"
_VERSION = 1
_FIELDS = struct.Struct("=8sII16s32sQQQ")
_CRC = struct.Struct("=I")
_CRC_AT = HEADER_BYTES - _CRC.size


@dataclass(frozen=True, slots=True)
class JournalOwner:
    """Whose ranges a journal holds. A journal of another owner is worth nothing."""

    boot_id: bytes
    record_id: str
    generation: int
    part: PartIdentity


def encode_header(owner: JournalOwner, slot_count: int) -> bytes:
    """Return the header of a journal with room for ``slot_count`` slots."""
    fields = _FIELDS.pack(
        _MAGIC,
        _VERSION,
        slot_count,
        owner.boot_id,
        hashlib.sha256(owner.record_id.encode()).digest(),
        owner.generation,
        owner.part.device,
        owner.part.inode,
    )
    body = fields.ljust(_CRC_AT, b"\0")
    return body + _CRC.pack(zlib.crc32(body))


def decode_journal(data: bytes, owner: JournalOwner) -> RangeSet | None:
    """Return the ranges of a whole journal file, ``None`` when its header is not ``owner``'s."""
    if len(data) < HEADER_BYTES:
        return None
    slot_count: int = _FIELDS.unpack_from(data)[2]
    if data[:HEADER_BYTES] != encode_header(owner, slot_count):
        return None
    present = min(slot_count, (len(data) - HEADER_BYTES) // SLOT_BYTES)
    return decode_slots(data[HEADER_BYTES : HEADER_BYTES + present * SLOT_BYTES])


def encode_slots(ranges: Iterable[tuple[int, int]], slot_count: int) -> bytes:
    """Return the slot area: ``ranges`` first, the rest free (zeros)."""
    words = [word for pair in ranges for word in pair]
    return struct.pack(f"={len(words)}Q", *words).ljust(slot_count * SLOT_BYTES, b"\0")


def decode_slots(area: bytes) -> RangeSet:
    """Return what the slots claim. A slot that makes no sense claims nothing.

    A slot is opened start first, so a kill in between leaves ``end`` 0: no sense, no claim.
    """
    words = struct.unpack(f"={len(area) // WORD_BYTES}Q", area)
    pairs = zip(words[::2], words[1::2], strict=True)
    return RangeSet((start, end) for start, end in pairs if start < end < OFFSET_LIMIT)


def first_words(data: bytes) -> tuple[int, int]:
    """Return the first two words behind the header, zeros when there are none."""
    if len(data) < HEADER_BYTES + SLOT_BYTES:
        return 0, 0
    first, second = struct.unpack_from("=QQ", data, HEADER_BYTES)
    return first, second
