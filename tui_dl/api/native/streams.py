"""GET /tui-dl/events: the picture, then every change of it.

Frames: ``whole`` (an ``EngineSnapshot``; first, and after events were lost), ``picture``
(one whose rows are only those that changed), ``change`` (a ``DownloadEvent``).
"""

from __future__ import annotations

from tui_dl.api.context import ApiContext
from tui_dl.api.events import HubItem, Lost, Progress
from tui_dl.api.native.replies import error_reply
from tui_dl.api.sse import EventStream, StreamPlan
from tui_dl.domain.errors import ErrorCode
from tui_dl.service.remote_wire import encode, public_event, public_snapshot

PICTURE_S = 0.2
HEARTBEAT_S = 5.0
"""Shorter than for others: who hears nothing for some of these shows its picture as old."""


def native_stream(context: ApiContext) -> EventStream:
    """Return the response of one reader."""

    def first() -> list[bytes]:
        return [_frame("whole", public_snapshot(context.rows.snapshot()))]

    plan = StreamPlan(
        frames_of=_frames,
        first=first,
        progress_s=PICTURE_S,
        everything=True,
        heartbeat_s=HEARTBEAT_S,
    )
    crowded = error_reply(503, ErrorCode.BUSY, "Too many event streams.")
    return EventStream(context, plan, crowded)


def _frames(item: HubItem) -> list[bytes]:
    if isinstance(item, Progress):
        return [_frame("picture", public_snapshot(item.snapshot, item.rows))]
    if isinstance(item, Lost):
        return [_frame("whole", public_snapshot(item.snapshot))]
    return [_frame("change", public_event(item))]


def _frame(name: str, value: object) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + encode(value) + b"\n\n"
