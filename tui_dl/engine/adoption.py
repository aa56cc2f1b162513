"""Bytes of an unfinished file of aria2's, taken into a part of our own.

aria2's files are read and never touched: whoever changes his mind goes on with aria2. No
record says which version its bytes are of. So the server must say that the file has not
changed since aria2 wrote, samples of the bytes must agree with it, and the result is called
unverified unless a digest decides. Must not fetch what is missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tui_dl.domain.aria2_control import MOST_BYTES, Aria2Control, parse_aria2_control
from tui_dl.domain.errors import DiskError, UsageError
from tui_dl.domain.http_dates import parse_http_date
from tui_dl.domain.http_fields import ContentRange
from tui_dl.domain.model import Assurance
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.ranges import RangeSet
from tui_dl.domain.units import format_size
from tui_dl.engine.lookup import Look, link_beside, look_at
from tui_dl.net.identity import read_head
from tui_dl.storage.errors import disk_errors

if TYPE_CHECKING:
    from tui_dl.engine.job import Job
    from tui_dl.storage.part_file import PartFile

SUFFIX = ".aria2"
SAMPLES = 16
SAMPLE_BYTES = 16 * 1024
STEP_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Foreign:
    """An unfinished file of aria2's as it was when we looked."""

    path: Path
    control: Aria2Control
    held: RangeSet
    """What the control file says, as far as the file has data there."""
    stamps: tuple[int, ...]
    written_s: float
    """When aria2 saved its state last."""


async def adopt(job: Job) -> None:
    """Fill a new part with what aria2 has of the file, if that can be justified.

    Raises:
        UsageError: it cannot; the sentence says why.
        TransferError, DiskError, StateError: the server, a disk or the catalog failed.
    """
    record, tools, pools = job.record, job.tools, job.tools.pools
    assert record.options.adopt is not None
    control_path = Path(record.options.adopt)
    foreign = await pools.run(pools.disk, read_foreign, control_path)
    look = await look_at(tools.around.client, record.url, record.options, tools.config)
    refuse_unproven(foreign, look)
    await _compare_samples(job, foreign, look)
    target = tools.new_target(record)
    try:
        part = await target.prepare(Path(record.directory), look.name, look.size_bytes)
        is_placed = False
        while not is_placed:
            await job.change_now(
                name=part.name,
                part_name=part.part_name,
                part=part.identity,
                total_bytes=look.size_bytes,
            )
            is_placed = await target.place()
        await pools.run(pools.hashing, _fill, part, foreign, lambda: job.stopping is not None)
        await target.sync()
    finally:
        await target.close()
    await job.change_durably(
        synced=foreign.held,
        validators=look.validators,
        final_url=look.final_url,
        ranges_supported=True,
        assurance=Assurance.UNVERIFIED,
    )
    await tools.new_target(job.record).settle(job.record, foreign.held)
    job.note(
        f"Took {format_size(foreign.held.total)} over from {foreign.path}; aria2's files are "
        "left as they are."
    )


def read_foreign(control_path: Path) -> Foreign:
    """Read a control file and look at the file that it is about.

    Raises:
        UsageError: one of them is not there, or does not make sense.
    """
    path = control_path.with_name(control_path.name.removesuffix(SUFFIX))
    if control_path.name == path.name or not path.name:
        raise _refused(control_path, f"a control file of aria2 is called NAME{SUFFIX}")
    try:
        stamps = _stamps(control_path, path)
        if control_path.stat().st_size > MOST_BYTES:
            raise _refused(path, "its control file is too long to be one")
        control = parse_aria2_control(control_path.read_bytes())
        size = path.stat().st_size
        held = control.done.intersect(_data_of(path, size))
        written_s = control_path.stat().st_mtime
    except UsageError as error:
        if error.message.startswith(str(path)):
            raise
        raise _refused(path, error.message[0].lower() + error.message[1:].rstrip(".")) from error
    except OSError as error:
        raise _refused(path, f"{error.filename}: {error.strerror}") from error
    if size > control.total_bytes:
        raise _refused(path, "the file is longer than its control file says")
    return Foreign(path, control, held, stamps, written_s)


def refuse_unproven(foreign: Foreign, look: Look) -> None:
    """Refuse bytes that the server's words do not bind to the version that it has now.

    Raises:
        UsageError: with the reason.
    """
    path, validators = foreign.path, look.validators
    if not foreign.held:
        raise _refused(path, "aria2 has no whole piece of it yet")
    if look.size_bytes != foreign.control.total_bytes:
        raise _refused(path, f"the server's file has another size ({look.size_bytes} bytes)")
    if not look.has_ranges:
        raise _refused(path, "the server sends whole files only")
    date = parse_http_date(validators.last_modified or "")
    if date is not None and date.timestamp() >= foreign.written_s:
        raise _refused(path, "the server's file was changed after aria2 wrote")
    if date is None and validators.strong is None:
        raise _refused(path, "the server gives nothing to tell versions apart")


async def _compare_samples(job: Job, foreign: Foreign, look: Look) -> None:
    record, tools = job.record, job.tools
    link = link_beside(record.url, record.url, record.options, tools.config, record.source)
    for start, end in samples_of(foreign.held, tools.around.random):
        reply = await tools.around.client.open(link.request(start, end, look.validators))
        try:
            head = read_head(reply.status, reply.headers, reply.content_length)
            found = head.content_range
            is_asked = isinstance(found, ContentRange) and (found.start, found.end) == (start, end)
            theirs = await reply.read(end - start) if reply.status == 206 and is_asked else None
        finally:
            await reply.aclose()
        pools = tools.pools
        ours = await pools.run(pools.disk, _read, foreign.path, start, end - start)
        if theirs is None:
            raise _refused(foreign.path, "the server's file changed while it was asked for")
        if theirs != ours:
            raise _refused(foreign.path, f"its bytes at {start} are not those of the server")


def samples_of(held: RangeSet, random: Callable[[], float]) -> list[tuple[int, int]]:
    """Return stretches to compare: the first and last bytes of what is held, others by chance."""
    ranges = held.ranges
    spots = {ranges[0].start, max(ranges[-1].start, ranges[-1].end - SAMPLE_BYTES)}
    while len(spots) < min(SAMPLES, 2 + held.total // SAMPLE_BYTES):
        at = int(random() * held.total)
        for r in ranges:
            if at < r.end - r.start:
                spots.add(r.start + at)
                break
            at -= r.end - r.start
    ends = [next(r.end for r in ranges if r.start <= spot < r.end) for spot in sorted(spots)]
    return [
        (spot, min(spot + SAMPLE_BYTES, end)) for spot, end in zip(sorted(spots), ends, strict=True)
    ]


def _fill(part: PartFile, foreign: Foreign, is_stopped: Callable[[], bool]) -> None:
    with disk_errors(doing="reading", path=foreign.path), foreign.path.open("rb") as source:
        for r in foreign.held:
            at = r.start
            while at < r.end:
                if is_stopped():
                    return  # whoever stopped it waits, and nothing is claimed yet
                data = os.pread(source.fileno(), min(STEP_BYTES, r.end - at), at)
                if not data:
                    raise _changed(foreign)
                part.write_at(data, at)
                at += len(data)
    if _stamps(foreign.path.with_name(foreign.path.name + SUFFIX), foreign.path) != foreign.stamps:
        raise _changed(foreign)


def _changed(foreign: Foreign) -> DiskError:
    return DiskError(f"{foreign.path} changes: is aria2 still at work on it? End it first.")


def _stamps(*paths: Path) -> tuple[int, ...]:
    found = (path.stat() for path in paths)
    return tuple(part for s in found for part in (s.st_ino, s.st_size, s.st_mtime_ns))


def _data_of(path: Path, size: int) -> RangeSet:
    """Return where a file has data: a hole was never written, whatever its control file says."""
    if not hasattr(os, "SEEK_DATA"):
        return RangeSet([(0, size)] if size else [])
    found: list[tuple[int, int]] = []
    with path.open("rb") as file:
        at = 0
        while at < size:
            try:
                start = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole from here on
                break
            at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            found.append((start, at))
    return RangeSet(found)


def _read(path: Path, start: int, size: int) -> bytes:
    with disk_errors(doing="reading", path=path), path.open("rb") as file:
        return os.pread(file.fileno(), size, start)


def _refused(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} is not taken over: {why}. Without --adopt the file is fetched anew.")
