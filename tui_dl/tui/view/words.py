"""The words for statuses, assurances and failures. Pure: no widget, no service.

A status is always a glyph, a word and an ink together, so that none of them alone
carries the meaning.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rich.cells import cell_len

from tui_dl.domain.display import display_text
from tui_dl.domain.errors import ErrorCode, Failure
from tui_dl.domain.model import Assurance, Status
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.schedule import local_wall
from tui_dl.domain.snapshot import DownloadSnapshot
from tui_dl.domain.units import format_duration
from tui_dl.tui.view.ink import Ink, cut_at_word


@dataclass(frozen=True, slots=True)
class Look:
    """How a status is drawn."""

    glyph: str
    word: str
    ink: Ink
    bar: Ink


LOOKS: dict[Status, Look] = {
    Status.QUEUED: Look("○", "queued", Ink.WAIT, Ink.BAR_HOLD),
    Status.PROBING: Look("◌", "starting", Ink.RUN, Ink.BAR_RUN),
    Status.DOWNLOADING: Look("▼", "downloading", Ink.RUN, Ink.BAR_RUN),
    Status.PAUSING: Look("‖", "pausing", Ink.HOLD, Ink.BAR_HOLD),
    Status.PAUSED: Look("‖", "paused", Ink.HOLD, Ink.BAR_HOLD),
    Status.RETRYING: Look("◔", "retrying", Ink.RETRY, Ink.BAR_RETRY),
    Status.VERIFYING: Look("…", "verifying", Ink.RUN, Ink.BAR_RUN),
    Status.COMPLETED: Look("✓", "done", Ink.DONE, Ink.BAR_DONE),
    Status.FAILED: Look("✗", "failed", Ink.FAIL, Ink.BAR_HOLD),
    Status.CANCELLED: Look("✗", "cancelled", Ink.HOLD, Ink.BAR_HOLD),
}

SPECIAL_WORDS: dict[ErrorCode, str] = {
    ErrorCode.NEEDS_NEW_LINK: "needs link",
    ErrorCode.NEEDS_LOGIN: "needs login",
    ErrorCode.DIGEST_MISMATCH: "mismatch",
    ErrorCode.DISK_FULL: "disk full",
    ErrorCode.OFFLINE: "offline",
    ErrorCode.TARGET_LOST: "folder lost",
    ErrorCode.DISK_IO: "disk error",
}
"""Failures that ask the user for something: worth a word of their own."""


BRIEF: dict[ErrorCode, str] = {
    ErrorCode.DIGEST_MISMATCH: "not the bytes that were promised",
    ErrorCode.NOT_FOUND: "no such file there",
    ErrorCode.NEEDS_NEW_LINK: "the link has expired",
    ErrorCode.NEEDS_LOGIN: "the server wants a login",
    ErrorCode.FORBIDDEN: "the server refuses it",
    ErrorCode.UNKNOWN_HOST: "no such host",
    ErrorCode.CONNECT_REFUSED: "nobody answers there",
    ErrorCode.TIMEOUT: "no answer in time",
    ErrorCode.TLS: "its certificate is not valid",
    ErrorCode.DISK_FULL: "no space left",
    ErrorCode.OFFLINE: "no way to the network",
    ErrorCode.NOT_WRITABLE: "the folder takes no file",
    ErrorCode.DISK_IO: "the disk failed",
    ErrorCode.TARGET_LOST: "its folder is gone",
    ErrorCode.PART_CHANGED: "another program changed it",
    ErrorCode.RESOURCE_CHANGED: "it keeps changing there",
}
"""What a failure is in so few words that they fit beside a name; the details say all."""


def brief_reason(failure: Failure, cells: int) -> str:
    """Return the sentence of a failure if it fits, else its brief words or its first ones."""
    message = display_text(failure.message)
    if cell_len(message) <= cells:
        return message
    brief = BRIEF.get(failure.code)
    return brief if brief is not None and len(brief) <= cells else cut_at_word(message, cells)


def status_word(download: DownloadSnapshot, cells: int, now: datetime) -> str:
    """Return glyph and word for a status column of ``cells``; the glyph alone if narrow."""
    look = LOOKS[download.status]
    if cells < 3:
        return look.glyph
    return f"{look.glyph} {_word(download, look, cells, now)}"


def waits_until(download: DownloadSnapshot, now: datetime) -> datetime | None:
    """Return the moment before which a queued download does not start, ``None``: no matter."""
    moment = download.options.start_at
    is_held = download.status is Status.QUEUED and moment is not None and moment > now
    return moment if is_held else None


def _start_words(moment: datetime, cells: int, now: datetime) -> str:
    """Return when a download starts, the longest form that fits: the time if it is near."""
    wall, ahead = local_wall(moment), moment - now
    if ahead < timedelta(days=1):
        when = f"at {wall:%H:%M}"
    elif ahead < timedelta(days=6):
        when = f"on {wall:%a %H:%M}"
    else:
        when = f"on {wall:%Y-%m-%d}"
    for words in (f"starts {when}", when):
        if len(words) <= cells:
            return words
    return when.partition(" ")[2]


def _word(download: DownloadSnapshot, look: Look, cells: int, now: datetime) -> str:
    if (moment := waits_until(download, now)) is not None:
        return _start_words(moment, cells - 2, now)
    match download.status:
        case Status.QUEUED if download.queue_rank is not None:
            return f"queued #{download.queue_rank}"
        case Status.RETRYING if download.retry_in_s is not None:
            return f"retrying {format_duration(download.retry_in_s)}"
        case Status.COMPLETED:
            return _done_word(download, cells)
        case Status.FAILED | Status.PAUSED if download.failure is not None:
            return SPECIAL_WORDS.get(download.failure.code, look.word)
        case _:
            return look.word


def _done_word(download: DownloadSnapshot, cells: int) -> str:
    if download.assurance is Assurance.UNVERIFIED:
        return "unverified" if cells < 17 else "done unverified"
    if download.assurance is Assurance.DIGEST:
        algorithm = download.digest.algorithm if download.digest is not None else "digest"
        proof = f"done ✔{algorithm}"
        return proof if len(proof) + 2 <= cells and algorithm.isalnum() else "done ✔"
    return "done"


def assurance_sentence(download: DownloadSnapshot) -> str:
    """Return how sure tui-dl is of the bytes, in few words: at most 42 cells."""
    match download.assurance:
        case Assurance.PENDING:
            return _proof_so_far(download)
        case Assurance.SINGLE_REPLY:
            return "one complete reply"
        case Assurance.VALIDATOR:
            return "all parts are of one version"
        case Assurance.DIGEST:
            algorithm = download.digest.algorithm if download.digest is not None else "digest"
            return f"agrees with its {algorithm}"
        case Assurance.NOT_MODIFIED:
            return "was here already, not modified since"
        case Assurance.UNVERIFIED:
            return "unverified: no way to tell versions apart"


def _proof_so_far(download: DownloadSnapshot) -> str:
    if download.failure is not None and download.failure.code is ErrorCode.DIGEST_MISMATCH:
        return "none: its bytes are not the promised ones"
    if download.status in (Status.FAILED, Status.CANCELLED):
        return "none: it did not arrive"
    return "checked as it arrives"


def next_step(download: DownloadSnapshot) -> str:
    """Return what tui-dl does next about a failure, as a sentence."""
    if download.status is Status.RETRYING:
        wait = format_duration(download.retry_in_s)
        return f"tui-dl tries again in {wait} and keeps what has arrived."
    code = download.failure.code if download.failure is not None else None
    match code:
        case ErrorCode.DIGEST_MISMATCH:
            return "tui-dl did not publish the file: its bytes are not the ones you asked for."
        case ErrorCode.NEEDS_NEW_LINK | ErrorCode.NEEDS_LOGIN:
            return "tui-dl keeps what has arrived and waits for a new link."
        case ErrorCode.DISK_FULL:
            return "tui-dl keeps what has arrived and goes on once there is space."
        case ErrorCode.OFFLINE:
            return "tui-dl keeps what has arrived and goes on once there is a network."
        case ErrorCode.TARGET_LOST:
            return "tui-dl waits: it never makes a lost folder anew elsewhere."
        case _ if download.status in (Status.FAILED, Status.PAUSED) and download.done_bytes:
            return "tui-dl keeps what has arrived and waits for you."
        case _:
            return "tui-dl does nothing more until you ask."


def offered_keys(download: DownloadSnapshot) -> tuple[tuple[str, str], ...]:
    """Return the binding ids that help with a failure, each with what it does here."""
    code = download.failure.code if download.failure is not None else None
    again = ("download.resume", "tries again")
    link = ("download.link", "gives a new link")
    drop = ("download.remove", "takes it off the list")
    if download.status is Status.RETRYING:
        return (("download.pause", "pauses it"), drop)
    if code in (ErrorCode.NEEDS_NEW_LINK, ErrorCode.NEEDS_LOGIN, ErrorCode.NOT_FOUND):
        return (link, again, drop)
    return (again, link, drop)


FINISHED_KEYS = (
    ("download.open_file", "opens it"),
    ("download.open_folder", "opens its folder"),
    ("download.copy_path", "copies its path"),
    ("download.verify", "verifies it again"),
)
"""Binding ids that serve a finished download, each with what it does."""
