"""What a power cut may leave of the recorded steps: one legal state of the disk at a time.

The rules: what a sync covered is there; of the rest any part may be, torn at 512 bytes;
changes of names and of sizes come in the order in which they were made; catalog commits
too, and none that was durable is missing. Must not touch a disk: ``reboot.py`` does.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.crash.disk_log import (
    Commit,
    Names,
    Resize,
    Step,
    SyncFile,
    SyncFolder,
    Write,
)

SECTOR_BYTES = 512


@dataclass(frozen=True, slots=True)
class Image:
    """A disk after a power cut."""

    names: dict[str, int]
    """Entries of the folder, with inodes of the time before."""
    files: dict[int, bytes]
    commit: Commit | None
    """The last transaction that is left."""
    journals: dict[str, bytes]


def draw_image(steps: Sequence[Step], cut: int, rng: random.Random) -> Image:
    """Return one of the images that a power cut at point ``cut`` of the count may leave."""
    past = sorted((step for step in steps if step.began <= cut), key=lambda step: step.began)
    names = _names(past, cut, rng)
    keep = rng.choice([0.0, 1.0, 0.5, rng.random()])
    inodes = sorted(set(names.values()))
    files = {inode: _content(past, inode, cut, keep, rng) for inode in inodes}
    commits = [step for step in past if isinstance(step, Commit)]
    sure = [n for n, step in enumerate(commits) if step.durable and step.ended <= cut]
    left = commits[sure[-1] :] if sure else [None, *commits]
    seen = rng.choice(commits) if commits else None
    return Image(names, files, rng.choice(left), {} if seen is None else seen.journals)


def draw_cut(steps: Sequence[Step], rng: random.Random) -> int:
    """Return a point to cut at: half of them around one of the steps that are no writes."""
    rare = [step for step in steps if not isinstance(step, Write)]
    step = rng.choice(rare if rng.random() < 0.5 else steps)
    return rng.choice([step.began, step.ended, step.ended + 1])


def _names(past: Sequence[Step], cut: int, rng: random.Random) -> dict[str, int]:
    changes = [step for step in past if isinstance(step, Names)]
    syncs = [s.began for s in past if isinstance(s, SyncFolder) and s.ended <= cut]
    covered = max(syncs, default=0)
    sure = sum(step.ended < covered for step in changes)
    entries: dict[str, int] = {}
    for step in changes[: rng.randint(sure, len(changes))]:
        if step.gone is not None:
            entries.pop(step.gone, None)
        if step.name is not None:
            entries[step.name] = step.inode
    return entries


def _content(past: Sequence[Step], inode: int, cut: int, keep: float, rng: random.Random) -> bytes:
    syncs = [
        s.began for s in past if isinstance(s, SyncFile) and s.inode == inode and s.ended <= cut
    ]
    covered = max(syncs, default=0)
    resizes = [s for s in past if isinstance(s, Resize) and s.inode == inode]
    sure = sum(step.ended < covered for step in resizes)
    sizes_left = rng.randint(sure, len(resizes))
    content = bytearray()
    for step in past:
        if isinstance(step, Resize) and step.inode == inode:
            sizes_left -= 1
            if sizes_left >= 0:
                _resize(content, step.size)
        elif isinstance(step, Write) and step.inode == inode:
            if step.ended < covered:
                _put(content, step.offset, step.data)
            elif rng.random() < keep:
                _put_torn(content, step, rng)
    return bytes(content)


def _put_torn(content: bytearray, step: Write, rng: random.Random) -> None:
    """Let some sectors of a write arrive: all, a beginning, an end, or any of them."""
    first = step.offset // SECTOR_BYTES
    last = (step.offset + len(step.data) - 1) // SECTOR_BYTES
    way = rng.randrange(4)
    edge = rng.randint(first, last + 1)
    for sector in range(first, last + 1):
        if (way == 1 and sector >= edge) or (way == 2 and sector < edge):
            continue
        if way == 3 and rng.random() < 0.5:
            continue
        start = max(sector * SECTOR_BYTES, step.offset)
        end = min((sector + 1) * SECTOR_BYTES, step.offset + len(step.data))
        _put(content, start, step.data[start - step.offset : end - step.offset])


def _put(content: bytearray, offset: int, data: bytes) -> None:
    _resize(content, max(len(content), offset + len(data)))
    content[offset : offset + len(data)] = data


def _resize(content: bytearray, size: int) -> None:
    if size < len(content):
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))
