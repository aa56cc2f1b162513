"""The durable history of this dialect: listing, retrying and deleting rows.

A row outlives its job; retrying one goes on with the record when that is still there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from tui_dl.api.history import HistoryRow
from tui_dl.api.jobs.call import Call
from tui_dl.api.jobs.codec import PAGE_SIZE, Wire, history_wire, shown_name
from tui_dl.api.jobs.control import run_again
from tui_dl.api.jobs.params import Pairs, Submission, ids_of, last, query
from tui_dl.api.jobs.replies import Refused, json_reply
from tui_dl.api.jobs.submit import add_jobs
from tui_dl.domain.model import Status
from tui_dl.domain.quick_dataclass import dataclass

_LATEST = datetime.max.replace(tzinfo=UTC)

SORT_KEYS: dict[str, Callable[[HistoryRow], Any]] = {
    "id": lambda row: row.number,
    "url": lambda row: row.url,
    "name": shown_name,
    "status": lambda row: row.status or "",
    "progress": lambda row: row.done_bytes,
    "totalsize": lambda row: -1 if row.total_bytes is None else row.total_bytes,
    "attempts": lambda row: row.attempts,
    "createdat": lambda row: row.created_at,
    "startedat": lambda row: row.started_at or _LATEST,
    "completedat": lambda row: row.ended_at or _LATEST,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row of a bulk action."""

    number: int
    reason: str = ""
    """Why it was not done; empty when it was."""
    job_id: str = ""


async def list_history(call: Call) -> Response:
    """Return one page of what ended, the latest submitted first unless sorted otherwise."""
    pairs = query(call.scope)
    rows = select(call.desk.history.rows(), pairs)
    page = _page(last(pairs, "page"))
    shown = rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    return json_reply(
        {
            "downloads": [history_wire(row) for row in shown],
            "count": len(rows),
            "page": page,
            "pageSize": PAGE_SIZE,
        }
    )


def select(rows: Sequence[HistoryRow], pairs: Pairs) -> list[HistoryRow]:
    """Return the rows that the filters let through, sorted.

    Raises:
        Refused: 400, a time cannot be read.
    """
    statuses = {value.strip().lower() for name, value in pairs if name == "status" and value}
    needle = last(pairs, "url").lower()
    after, before = _moment(pairs, "createdafter"), _moment(pairs, "createdbefore")
    found = [
        row
        for row in rows
        if (not statuses or row.status in statuses)
        and (needle in row.url.lower() or needle in shown_name(row).lower())
        and (after is None or row.created_at >= after)
        and (before is None or row.created_at <= before)
    ]
    found.sort(key=lambda row: (row.created_at, row.number), reverse=True)
    wishes = [value for name, value in pairs if name == "sortby"]
    for wish in reversed(wishes):  # the first wish weighs most: it is sorted by last
        field, _, direction = wish.strip().lower().partition(" ")
        key = SORT_KEYS.get(field.replace("_", ""))
        if key is not None:
            found.sort(key=key, reverse=direction.strip() == "desc")
    return found


async def retry_history(call: Call) -> Response:
    """Run failed or cancelled rows again, one job a URL."""
    outcomes = [await _retried(call, row) for row in _rows(call)]
    return _bulk_reply("retried", outcomes)


async def delete_history(call: Call) -> Response:
    """Delete rows of the history; records and files stay."""
    outcomes = []
    for number, row in _rows(call):
        if row is not None:
            call.desk.history.change(row.id, is_deleted=True)
        outcomes.append(Outcome(number, "" if row is not None else "not found"))
    return _bulk_reply("deleted", outcomes)


def _rows(call: Call) -> list[tuple[int, HistoryRow | None]]:
    """Return the rows that the request names.

    Raises:
        Refused: 400 without ids, 404 when none of them is there.
    """
    numbers = ids_of(call.scope, call.body)
    if not numbers:
        raise Refused(400, "ids are required")
    known = {row.number: row for row in call.desk.history.rows()}
    if not known.keys() & set(numbers):
        raise Refused(404, "no such downloads found")
    return [(number, known.get(number)) for number in numbers]


async def _retried(call: Call, named: tuple[int, HistoryRow | None]) -> Outcome:
    number, row = named
    desk = call.desk
    if row is None:
        return Outcome(number, "not found")
    if row.status not in (Status.FAILED, Status.CANCELLED):
        return Outcome(number, f"cannot be retried (status: {row.status})")
    live = desk.board.live_with_url(row.url.strip())
    if live is not None:
        return Outcome(number, f"job {live.id} already fetches this URL ({live.status})")
    found = desk.board.find(row.gid)
    record = found[0] if found is not None else desk.context.find(row.id)
    try:
        if record is not None:
            await run_again(desk, record)
            job_id = record.gid
        else:
            wanted = Submission(row.url, "", row.label)
            jobs = await add_jobs(desk, [row.url], wanted)
            if not jobs:
                return Outcome(number, "download queue is full")
            job_id = jobs[0].id
    except Refused as refusal:
        return Outcome(number, refusal.text)
    desk.history.change(row.id, last_retry_gid=job_id, last_retry_at=desk.history.now())
    return Outcome(number, job_id=job_id)


def _bulk_reply(key: str, outcomes: Sequence[Outcome]) -> Response:
    done = sum(not outcome.reason for outcome in outcomes)
    reply: Wire = {key: done, "results": [_outcome_wire(outcome) for outcome in outcomes]}
    if not done:
        reply["error"] = f"none of the downloads was {key}"
    return json_reply(reply, 200 if done else 409)


def _outcome_wire(outcome: Outcome) -> Wire:
    wire: Wire = {"id": outcome.number, "ok": not outcome.reason}
    if outcome.job_id:
        wire["jobId"] = outcome.job_id
    if outcome.reason:
        wire["reason"] = outcome.reason
    return wire


def _page(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= 9
    return max(1, int(text)) if is_number else 1


def _moment(pairs: Pairs, key: str) -> datetime | None:
    text = last(pairs, key)
    if not text:
        return None
    try:
        # A bare plus in a query is a blank by the time it arrives.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError as error:
        raise Refused(400, f"{key} must be a date or an RFC 3339 time") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
