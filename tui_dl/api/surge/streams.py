"""GET /events: what one reader is sent. Owns what must be remembered between two frames."""

from __future__ import annotations

from tui_dl.api.context import ApiContext
from tui_dl.api.events import HubItem, Lost, Progress
from tui_dl.api.memo import Memo
from tui_dl.api.sse import EventStream, StreamPlan
from tui_dl.api.surge.frames import frames_of, progress_frame, state_frame, system_frame
from tui_dl.api.surge.replies import text_reply
from tui_dl.domain.model import Status
from tui_dl.domain.snapshot import DownloadEvent, DownloadSnapshot, EventKind

_LOST = "Events were lost because this client was too slow; this is how it stands."


MOST_FRAMES_KEPT = 4096


class SurgeFrames:
    """The frames of events and rows, made once for all readers."""

    def __init__(self) -> None:
        self.of_event: Memo[DownloadEvent, list[bytes]] = Memo(frames_of, MOST_FRAMES_KEPT)
        self.of_progress: Memo[DownloadSnapshot, bytes] = Memo(progress_frame, MOST_FRAMES_KEPT)


def surge_stream(context: ApiContext, frames: SurgeFrames) -> EventStream:
    """Return the response of one reader."""
    story = SurgeStory(frames)
    plan = StreamPlan(frames_of=story.frames, heartbeat_s=context.limits.heartbeat_s)
    return EventStream(context, plan, crowded=text_reply(503, "Too many event streams"))


class SurgeStory:
    """Turns what the hub tells one reader into frames."""

    def __init__(self, frames: SurgeFrames) -> None:
        self._frames = frames
        self._gone: set[str] = set()
        """Told as removed when they were cancelled: not to be told a second time."""

    def frames(self, item: HubItem) -> list[bytes]:
        """Return the frames of one item."""
        if isinstance(item, Progress):
            moving = (row for row in item.rows if row.status is Status.DOWNLOADING)
            return [self._frames.of_progress.get(row) for row in moving]
        if isinstance(item, Lost):
            self._gone.clear()
            rows = item.snapshot.downloads
            return [system_frame(_LOST, resync=True), *map(state_frame, rows)]
        id_ = item.download.id
        was_gone = id_ in self._gone
        self._gone.discard(id_)
        if item.kind is EventKind.CANCELLED:
            self._gone.add(id_)
        elif item.kind is EventKind.REMOVED and was_gone:
            return []
        return self._frames.of_event.get(item)
