"""The layout of a journal file: one checked header, then pairs of 64-bit words. Pure bytes.

Must not touch files. The words are in the byte order of the machine: a journal is valid
only within one boot of one machine, so it never meets another order.

Header, 192 bytes: magic, format version, slot count, boot id, SHA-256 of the record id,
generation, device, inode and birth of the part, padding, CRC-32 of all before it.

Slot: the first word is where its bytes begin, the second how many there are (48 bits) with
a CRC-16 above them over both, the place of the slot and the header. So each claim proves
itself, and one store moves claim and proof together. The first slot claims nothing: it
holds a time and a mark.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from binascii import crc_hqx
from collections.abc import Iterable
from dataclasses import replace

from tui_dl.domain.model import DownloadRecord, PartIdentity
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.ranges import RangeSet

HEADER_BYTES = 192
SLOT_BYTES = 16
WORD_BYTES = 8
OFFSET_LIMIT = 2**63
AT_REST = 1
"""End of the first slot, which claims nothing, once nobody writes any more."""

_MAGIC = b"tui-dl\0J"
_VERSION = 2
_FIELDS = struct.Struct("=8sII16s32sQQQQ")
_CRC = struct.Struct("=I")
_CRC_AT = HEADER_BYTES - _CRC.size
_CLAIM = struct.Struct("=QQI")
_LENGTH_BITS = 48
_LENGTH_MASK = (1 << _LENGTH_BITS) - 1


@dataclass(frozen=True, slots=True)
class JournalOwner:
    """Whose ranges a journal holds. A journal of another owner is worth nothing."""

    boot_id: bytes
    record_id: str
    generation: int
    part: PartIdentity

    @staticmethod
    def of(record: DownloadRecord, boot_id: bytes) -> JournalOwner:
        """Return what a record with a part owns in this boot."""
        assert record.part is not None
        return JournalOwner(boot_id, record.id, record.generation, record.part)


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
        owner.part.born_ns,
    )
    body = fields.ljust(_CRC_AT, b"\0")
    return body + _CRC.pack(zlib.crc32(body))


def salt_of(header: bytes) -> int:
    """Return what ties the slots of a journal to its header, 16 bits."""
    return zlib.crc32(header[:_CRC_AT]) & 0xFFFF  # over its own CRC as well, any gives the same


def claim_word(start: int, end: int, place: int, salt: int) -> int:
    """Return the second word of the slot at ``place`` that claims ``start``..``end``.

    No slot claims more than 256 TiB: what is beyond is fetched again after a kill.
    """
    length = min(end - start, _LENGTH_MASK)
    if length == 0:
        return 0
    return crc_hqx(_CLAIM.pack(start, length, place), salt) << _LENGTH_BITS | length


def decode_journal(data: bytes, owner: JournalOwner) -> RangeSet | None:
    """Return the ranges of a whole journal file, ``None`` when its header is not ``owner``'s.

    The journal of another generation of the same part claims nothing.
    """
    if len(data) < HEADER_BYTES:
        return None
    fields = _FIELDS.unpack_from(data)
    slot_count, generation = fields[2], fields[5]
    header = encode_header(replace(owner, generation=generation), slot_count)
    if data[:HEADER_BYTES] != header:
        return None
    if generation != owner.generation:
        return RangeSet()
    present = min(slot_count, (len(data) - HEADER_BYTES) // SLOT_BYTES)
    area = data[HEADER_BYTES : HEADER_BYTES + present * SLOT_BYTES]
    return decode_slots(area, salt_of(header))


def encode_slots(
    time_and_mark: tuple[int, int], ranges: Iterable[tuple[int, int]], slot_count: int, salt: int
) -> bytes:
    """Return the slot area: time and mark, then ``ranges``, the rest free (zeros)."""
    words = [*time_and_mark]
    for place, (start, end) in enumerate(ranges, 1):
        words += (start, claim_word(start, end, place, salt))
    return struct.pack(f"={len(words)}Q", *words).ljust(slot_count * SLOT_BYTES, b"\0")


def decode_slots(area: bytes, salt: int) -> RangeSet:
    """Return what the slots behind the first claim. A slot that proves nothing claims nothing.

    A slot is opened start first, so a kill in between leaves no length: no claim.
    """
    words = struct.unpack(f"={len(area) // WORD_BYTES}Q", area)
    claims: list[tuple[int, int]] = []
    for place in range(1, len(words) // 2):
        start, word = words[2 * place], words[2 * place + 1]
        end = start + (word & _LENGTH_MASK)
        if start < end < OFFSET_LIMIT and word == claim_word(start, end, place, salt):
            claims.append((start, end))
    return RangeSet(claims)


def first_words(data: bytes) -> tuple[int, int]:
    """Return the first two words behind the header, zeros when there are none."""
    if len(data) < HEADER_BYTES + SLOT_BYTES:
        return 0, 0
    first, second = struct.unpack_from("=QQ", data, HEADER_BYTES)
    return first, second
