"""The one table of what a download may become: (status, event) -> status.

Owns every transition; the engine, the front ends and the dialects read it and never
decide for themselves. Must not act: it starts no work, sets no timer, stores nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from tui_dl.domain.model import RUNNING, Status


class Event(StrEnum):
    """What can happen to a download."""

    START = "start"
    """A slot is free and it is this download's turn."""
    FIRST_REPLY = "first_reply"
    """The first reply was checked and its bytes may be written."""
    PAUSE = "pause"
    """Somebody asks for a pause."""
    PAUSED = "paused"
    """The last worker is out."""
    RESUME = "resume"
    """Somebody asks to go on, or to try a failed one again."""
    RETRY_LATER = "retry_later"
    """The run failed in a way that is worth another try after a wait."""
    RETRY_NOW = "retry_now"
    """The wait is over, or the user cut it short."""
    ALL_BYTES = "all_bytes"
    """No byte is missing any more."""
    VERIFIED = "verified"
    """The file was checked and published."""
    FAIL = "fail"
    """The run failed for good."""
    CANCEL = "cancel"
    """Somebody gives it up; record and partial file stay."""
    INTERRUPT = "interrupt"
    """The process stopped, or the engine parks the download by itself."""
    NEW_URL = "new_url"
    """Somebody gives a new link."""
    CHANGED = "changed"
    """The resource became another version: a new generation starts."""


_AT_WORK = RUNNING - {Status.PAUSING}
"""Running, and nobody has asked for a pause."""

_RULES: tuple[tuple[Iterable[Status], Event, Status], ...] = (
    ((Status.QUEUED,), Event.START, Status.PROBING),
    ((Status.PROBING,), Event.FIRST_REPLY, Status.DOWNLOADING),
    # An empty file, or a partial that turns out to be whole, has nothing to download.
    ((Status.PROBING, Status.DOWNLOADING), Event.ALL_BYTES, Status.VERIFYING),
    ((Status.VERIFYING,), Event.VERIFIED, Status.COMPLETED),
    # A retrying one may be told to wait longer. A pausing one never waits: it leaves.
    (_AT_WORK, Event.RETRY_LATER, Status.RETRYING),
    ((Status.RETRYING,), Event.RETRY_NOW, Status.PROBING),
    # Nothing runs for a queued one, so there is nobody to wait for.
    ((Status.QUEUED,), Event.PAUSE, Status.PAUSED),
    (_AT_WORK, Event.PAUSE, Status.PAUSING),
    ((Status.PAUSING,), Event.PAUSED, Status.PAUSED),
    # The engine starts it once the old workers are out.
    ((Status.PAUSING,), Event.RESUME, Status.QUEUED),
    ((Status.PAUSED, Status.FAILED, Status.CANCELLED), Event.RESUME, Status.QUEUED),
    ((*RUNNING, Status.QUEUED, Status.PAUSED), Event.CANCEL, Status.CANCELLED),
    (RUNNING, Event.FAIL, Status.FAILED),
    # Queued, so that the next start runs it again without being asked.
    (_AT_WORK, Event.INTERRUPT, Status.QUEUED),
    ((Status.PAUSING,), Event.INTERRUPT, Status.PAUSED),
    ((Status.PROBING, Status.DOWNLOADING, Status.VERIFYING), Event.CHANGED, Status.PROBING),
    ((Status.QUEUED,), Event.NEW_URL, Status.QUEUED),
    ((Status.PAUSED, Status.FAILED, Status.CANCELLED), Event.NEW_URL, Status.PAUSED),
)


def _expand() -> Mapping[tuple[Status, Event], Status]:
    """Write the rules out, one line for each pair; a pair that stands twice is a bug."""
    table: dict[tuple[Status, Event], Status] = {}
    for sources, event, target in _RULES:
        for source in sorted(sources, key=list(Status).index):
            if (source, event) in table:
                raise ValueError(f"two rules for {source} + {event}")
            table[source, event] = target
    return MappingProxyType(table)


TRANSITIONS: Mapping[tuple[Status, Event], Status] = _expand()
"""Everything that is allowed. Read-only; a pair that is missing is not allowed."""


_ALLOWED = {
    status: frozenset(event for source, event in TRANSITIONS if source is status)
    for status in Status
}


def next_status(status: Status, event: Event) -> Status | None:
    """Return what ``status`` becomes, or ``None`` when ``event`` is not allowed now."""
    return TRANSITIONS.get((status, event))


def allowed(status: Status) -> frozenset[Event]:
    """Return the events that ``status`` accepts."""
    return _ALLOWED[status]


def describe() -> list[tuple[str, str, str]]:
    """Return the table as rows of words: status, event, next status, in reading order."""
    order = {status: rank for rank, status in enumerate(Status)}
    events = {event: rank for rank, event in enumerate(Event)}
    pairs = sorted(TRANSITIONS, key=lambda pair: (order[pair[0]], events[pair[1]]))
    return [
        (source.value, event.value, TRANSITIONS[source, event].value) for source, event in pairs
    ]


def mermaid() -> str:
    """Return the table as a Mermaid state diagram; parallel arrows share one label."""
    labels: dict[tuple[str, str], list[str]] = {}
    for source, event, target in describe():
        labels.setdefault((source, target), []).append(event)
    arrows = [
        f"    {source} --> {target}: {' / '.join(events)}"
        for (source, target), events in labels.items()
    ]
    start, end = Status.QUEUED.value, Status.COMPLETED.value
    return "\n".join(("stateDiagram-v2", f"    [*] --> {start}", *arrows, f"    {end} --> [*]"))
