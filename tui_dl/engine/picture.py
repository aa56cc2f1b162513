"""Immutable snapshots made from live jobs. Runs in the engine's loop, read by all threads.

Must not change a job. Rows that did not change keep their object, so a list of ten
thousand costs what its running rows cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tui_dl.domain.model import Assurance, Status
from tui_dl.domain.names import name_from_url, safe_name
from tui_dl.domain.quick_dataclass import replaced
from tui_dl.domain.snapshot import (
    DownloadDetails,
    DownloadSnapshot,
    SegmentSnapshot,
    SegmentState,
    WorkerSnapshot,
)
from tui_dl.domain.urls import parse_url
from tui_dl.engine.job import Job
from tui_dl.engine.plan import ENDLESS
from tui_dl.engine.worker import Worker

MOST_SEGMENTS = 4096


class RowMaker:
    """Keeps the last snapshot of each job and makes a new one only when it must."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[object, DownloadSnapshot]] = {}
        self._versions: dict[str, int] = {}

    def row(self, job: Job, rank: int | None, now_s: float) -> DownloadSnapshot:
        """Return the job's row; the same object while nothing changed."""
        live = job.transfer is not None or job.record.status.is_running
        key = (job.changes, now_s if live else None)
        cached = self._rows.get(job.record.id)
        is_same = cached is not None and cached[0] == key
        if cached is not None and is_same and cached[1].queue_rank == rank:
            return cached[1]
        version = self._versions.get(job.record.id, 0) + 1
        self._versions[job.record.id] = version
        if cached is not None and is_same:
            # Whoever leaves the head of the queue moves all behind it: thousands of rows.
            row = replaced(cached[1], queue_rank=rank, version=version)
        else:
            row = _row(job, rank, now_s, version)
        self._rows[job.record.id] = (key, row)
        return row

    def forget(self, record_id: str) -> None:
        """Drop what is kept of a removed job."""
        self._rows.pop(record_id, None)
        self._versions.pop(record_id, None)


def _row(job: Job, rank: int | None, now_s: float, version: int) -> DownloadSnapshot:
    record, transfer = job.record, job.transfer
    done = job.done_bytes
    elapsed_s = job.elapsed_s(now_s)
    rate_bps, eta_s, connections = 0.0, None, 0
    if transfer is not None and record.status is Status.DOWNLOADING:
        rate_bps = transfer.meter.rate_bps(now_s)
        connections = len(transfer.workers)
        if record.total_bytes is not None:
            eta_s = transfer.eta.eta_s(record.total_bytes - done, now_s)
    retry_in_s = None
    if record.status is Status.RETRYING and job.retry_at_s is not None:
        retry_in_s = max(0.0, job.retry_at_s - now_s)
    return DownloadSnapshot(
        id=record.id,
        gid=record.gid,
        version=version,
        url=record.url,
        name=shown_name(job),
        directory=record.directory,
        status=record.status,
        position=record.position,
        queue_rank=rank,
        total_bytes=record.total_bytes,
        done_bytes=done,
        rate_bps=rate_bps,
        average_bps=done / elapsed_s if elapsed_s > 0 else 0.0,
        eta_s=eta_s,
        connections=connections,
        retry_in_s=retry_in_s,
        failure=record.failure,
        assurance=record.assurance,
        digest=record.digest,
        source=record.source,
        options=record.options,
        limit_bps=job.limit.rate_bps,
        created_at=record.created_at,
        started_at=record.started_at,
        completed_at=record.completed_at,
        elapsed_s=elapsed_s,
        added_by=record.added_by,
        loaded_in=record.loaded_in,
        remark=record.remark,
    )


def shown_name(job: Job) -> str:
    """Return the file name, or the best guess before a reply has settled it."""
    record = job.record
    if record.name is not None:
        return record.name
    if record.options.out is not None:
        return safe_name(record.options.out, fallback=record.url)
    return name_from_url(parse_url(record.url).target) or parse_url(record.url).host


def details(job: Job, row: DownloadSnapshot, now_s: float) -> DownloadDetails:
    """Return everything about one job."""
    record, transfer = job.record, job.transfer
    folder = Path(record.directory)
    final = folder / record.name if record.name is not None else None
    return DownloadDetails(
        download=row,
        final_url=record.final_url,
        validators=record.validators,
        ranges_supported=record.ranges_supported,
        generation=record.generation,
        part_path=None if record.part_name is None else str(folder / record.part_name),
        final_path=None if final is None else str(final),
        segments=_segments(job),
        workers=_workers(job, now_s),
        log=tuple(job.log),
        rate_history=() if transfer is None else transfer.history.samples(),
        peak_bps=0.0 if transfer is None else transfer.history.peak_bps,
    )


def _segments(job: Job) -> tuple[SegmentSnapshot, ...]:
    record = job.record
    total = record.total_bytes
    if record.status is Status.COMPLETED:
        is_sure = record.assurance is not Assurance.UNVERIFIED
        state = SegmentState.VERIFIED if is_sure else SegmentState.DONE
        return (SegmentSnapshot(0, total or 0, state),)
    plan = job.plan
    done = record.synced if plan is None else plan.written()
    found = [SegmentSnapshot(r.start, r.end, SegmentState.DONE) for r in done]
    for claim in () if plan is None else plan.claims:
        if claim.position < claim.end < ENDLESS:
            state = SegmentState.RACED if claim.workers > 1 else SegmentState.RUNNING
            found.append(SegmentSnapshot(claim.position, claim.end, state))
    if plan is not None and total is not None:
        found += [SegmentSnapshot(g.start, g.end, SegmentState.WAITING) for g in plan.free]
    return tuple(sorted(found, key=lambda s: s.start)[:MOST_SEGMENTS])


def _workers(job: Job, now_s: float) -> tuple[WorkerSnapshot, ...]:
    workers: Sequence[Worker] = () if job.transfer is None else job.transfer.workers
    return tuple(
        WorkerSnapshot(
            number=w.number,
            host=w.host,
            start=0 if w.claim is None else w.claim.start,
            position=0 if w.claim is None else w.claim.position,
            end=None if w.claim is None or w.claim.end == ENDLESS else w.claim.end,
            rate_bps=w.rate_bps(now_s),
            age_s=max(0.0, now_s - w.started_s),
            state=w.state.value,
        )
        for w in workers
    )
