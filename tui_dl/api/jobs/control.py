"""Looking at jobs and steering them. Must not know paths and methods."""

from __future__ import annotations

from starlette.responses import Response

from tui_dl.api.jobs.board import ADDED_BY
from tui_dl.api.jobs.call import Call, Desk
from tui_dl.api.jobs.codec import job_wire
from tui_dl.api.jobs.job import Job, JobStatus
from tui_dl.api.jobs.params import last, query
from tui_dl.api.jobs.replies import Refused, json_reply
from tui_dl.api.jobs.submit import request_for
from tui_dl.api.jobs.ticket_box import LIFETIME_S
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.service.contract import ActionResult, AddOutcome

_MAY_PAUSE = frozenset({JobStatus.PENDING, JobStatus.DOWNLOADING})
_MAY_RESUME = frozenset({JobStatus.PAUSED})
_MAY_CANCEL = frozenset({*_MAY_PAUSE, JobStatus.PROCESSING, JobStatus.PAUSED})
_MAY_RETRY = frozenset({JobStatus.FAILED, JobStatus.CANCELLED})


async def list_queue(call: Call) -> Response:
    """Return all jobs in the order of their submission."""
    return json_reply({"jobs": [job_wire(job) for job in call.desk.board.jobs()]})


async def get_job(call: Call) -> Response:
    """Return one job, not wrapped."""
    id_ = last(query(call.scope), "id")
    if not id_:
        raise Refused(400, "id is required")
    found = call.desk.board.find(id_)
    if found is None:
        raise Refused(404, "job not found")
    return json_reply(job_wire(found[1]))


async def pause(call: Call) -> Response:
    """Pause a job; its bytes are kept."""
    row, job = _found(call)
    _check_status(call.desk, job, _MAY_PAUSE, "paused")
    _check_result(call, job, (await call.desk.context.service.pause([row.id]))[0], "paused")
    call.desk.board.refresh()
    return json_reply({"status": "paused"})


async def resume(call: Call) -> Response:
    """Queue a paused job again: shown as new, underneath it goes on where it was."""
    row, job = _found(call)
    _check_status(call.desk, job, _MAY_RESUME, "resumed")
    _check_result(call, job, (await call.desk.context.service.resume([row.id]))[0], "resumed")
    return json_reply({"status": "resumed"})


async def cancel(call: Call) -> Response:
    """Stop a job for good. What was accepted wins over a pause or resume that follows."""
    desk = call.desk
    row, job = _found(call)
    _check_status(desk, job, _MAY_CANCEL, "cancelled")
    desk.cancelling.add(job.id)
    try:
        (result,) = await desk.context.service.cancel([row.id])
    finally:
        desk.cancelling.discard(job.id)
    _check_result(call, job, result, "cancelled")
    after = desk.board.find(job.id)
    if after is not None and after[1].status is JobStatus.COMPLETED:
        raise _wrong_status(after[1], after[1].status, "cancelled")
    return json_reply({"status": "cancelled"})


async def retry(call: Call) -> Response:
    """Queue a failed or cancelled job again under its own id."""
    row, job = _found(call)
    live = call.desk.board.live_with_url(job.url)
    if live is not None:
        raise Refused(409, f"job {live.id} already fetches this URL ({live.status})")
    _check_status(call.desk, job, _MAY_RETRY, "retried")
    await run_again(call.desk, row)
    return json_reply({"status": "retrying"})


async def run_again(desk: Desk, row: DownloadSnapshot) -> None:
    """Resume a download that is over, or ask the engine once more for one that it refused.

    Raises:
        Refused: the engine will not.
    """
    if not desk.board.is_phantom(row):
        (result,) = await desk.context.service.resume([row.id])
        if result.failure is not None:
            raise Refused(409, f"job {row.gid} cannot be retried: {result.failure.message}")
        return
    request = request_for(desk, row.url, "", id_=row.id, gid=row.gid)
    (answer,) = await desk.context.service.add([request])
    if answer.outcome is AddOutcome.REFUSED and answer.failure is not None:
        desk.board.fail_phantom(row, answer.failure)


async def clear_completed(call: Call) -> Response:
    """Take all jobs that are over out of the queue.

    Records of this dialect's own jobs are dropped, their files stay. What others added
    only leaves this view: a record is the user's, and may know how to go on.
    """
    desk = call.desk
    cleared = desk.board.over()
    own: list[str] = []
    for row, _ in cleared:
        if row.added_by == ADDED_BY and not desk.board.is_phantom(row):
            own.append(row.id)
        else:
            desk.board.hide(row.id)
    await desk.context.service.remove(own, with_files=False)
    return json_reply({"cleared": len(cleared), "ids": [job.id for _, job in cleared]})


async def give_ticket(call: Call) -> Response:
    """Return what a browser's EventSource shows instead of a token: it can send no header."""
    return json_reply({"ticket": call.desk.tickets.give(), "expiresIn": int(LIFETIME_S)})


def _found(call: Call) -> tuple[DownloadSnapshot, Job]:
    id_ = call.job_id()
    if not id_:
        raise Refused(400, "job id is required")
    found = call.desk.board.find(id_)
    if found is None:
        raise Refused(404, f"job {id_} not found")
    return found


def _check_status(desk: Desk, job: Job, allowed: frozenset[JobStatus], participle: str) -> None:
    status = JobStatus.CANCELLED if job.id in desk.cancelling else job.status
    if status not in allowed:
        raise _wrong_status(job, status, participle)


def _check_result(call: Call, job: Job, result: ActionResult, participle: str) -> None:
    """Raise what the engine says: the job may have changed since it was looked at."""
    if result.failure is None:
        return
    if result.failure.code is ErrorCode.UNKNOWN_DOWNLOAD:
        raise Refused(404, f"job {job.id} not found")
    if result.failure.code is not ErrorCode.NOT_ALLOWED_NOW:
        raise Refused(500, result.failure.message)
    now = call.desk.board.find(job.id)
    raise _wrong_status(job, (now[1] if now is not None else job).status, participle)


def _wrong_status(job: Job, status: JobStatus, participle: str) -> Refused:
    return Refused(409, f"job {job.id} cannot be {participle} (status: {status})")
