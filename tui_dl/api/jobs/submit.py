"""Submitting: from the text of a URL field to jobs, one a line.

Any text that is not blank becomes a job; whether it can be fetched shows later. Must not
know paths and methods.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from tui_dl.api.jobs.board import ADDED_BY, MOST_JOBS
from tui_dl.api.jobs.call import Call, Desk
from tui_dl.api.jobs.codec import job_wire
from tui_dl.api.jobs.job import Job, job_of
from tui_dl.api.jobs.params import Submission, submission_of
from tui_dl.api.jobs.replies import Refused, json_reply
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import AddRequest, DownloadOptions, Source, Status
from tui_dl.domain.snapshot import DownloadSnapshot


async def submit(call: Call) -> Response:
    """Queue one job a line, and answer before anything is fetched."""
    wanted = submission_of(call.scope, call.body)
    if not wanted.url:
        raise Refused(400, "URL is required")
    urls = [line.strip() for line in wanted.url.split("\n")]
    urls = [url for url in urls if url]
    if not urls:
        raise Refused(400, "no valid URLs: the URL field holds only blanks")
    jobs = await add_jobs(call.desk, urls, wanted)
    if len(jobs) < len(urls):
        raise queue_full(len(jobs), len(urls))
    return json_reply({"queued": True, "jobs": [job_wire(job) for job in jobs]}, 202)


async def add_jobs(desk: Desk, urls: list[str], wanted: Submission) -> list[Job]:
    """Queue as many URLs as there is room for, and return their jobs as submitted."""
    board = desk.board
    async with desk.submitting:
        board.refresh()
        taken = 0
        while taken < len(urls) and board.has_room(taken):
            taken += 1
        requests = [request_for(desk, url, wanted.file_name) for url in urls[:taken]]
        results = await desk.context.service.add(requests) if requests else []
        jobs: list[Job] = []
        for request, result in zip(requests, results, strict=True):
            row = None if result.id is None else desk.context.find(result.id)
            if row is None:
                row, job = board.add_phantom(request.url, result.failure or _silence())
            else:
                job = _as_submitted(row)
            jobs.append(job)
            if wanted.name:
                desk.history.label(row, wanted.name)
        return jobs


def request_for(
    desk: Desk, url: str, file_name: str, *, id_: str | None = None, gid: str | None = None
) -> AddRequest:
    """Return the request of one job: one try, and the times of the settings."""
    settings = desk.settings
    return AddRequest(
        url=url,
        directory=desk.context.directory,
        options=DownloadOptions(
            out=file_name or None,
            max_tries=1,
            timeout_s=settings.idle_timeout_s,
            connect_timeout_s=settings.connect_timeout_s,
            overall_timeout_s=settings.overall_timeout_s,
        ),
        source=Source.API,
        id=id_,
        allow_duplicate=True,
        gid=gid,
        added_by=ADDED_BY,
    )


def queue_full(queued: int, wanted: int) -> Refused:
    """Return the refusal of what did not fit, and say what did."""
    text = f"download queue is full (limit {MOST_JOBS})"
    if wanted > 1:
        text += f": {queued} of {wanted} URLs were queued, the others were not"
    return Refused(503, text)


def _as_submitted(row: DownloadSnapshot) -> Job:
    """Return the job as it was when it was queued: it may run already."""
    queued = replace(row, status=Status.QUEUED, failure=None)
    return job_of(queued, began_at=None, ended_at=None, was_running=False)


def _silence() -> Failure:
    return Failure(ErrorCode.INTERNAL, "The engine gave no answer.")
