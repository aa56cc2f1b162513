"""What a download is: request, options, record, and the values derived from them.

Must not decide what a status may become: that is ``lifecycle.py``.
Every type is immutable. Sizes are bytes, times that are stored are aware UTC.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import StrEnum

from tui_dl.domain.errors import Failure
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.ranges import RangeSet


class Status(StrEnum):
    """The ten statuses of a download. Stored and sent: never rename one."""

    QUEUED = "queued"
    PROBING = "probing"
    DOWNLOADING = "downloading"
    PAUSING = "pausing"
    PAUSED = "paused"
    RETRYING = "retrying"
    VERIFYING = "verifying"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_running(self) -> bool:
        """Whether the download holds a slot of the queue."""
        return self in RUNNING

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens unless the user asks."""
        return self in OVER


RUNNING = frozenset(
    {Status.PROBING, Status.DOWNLOADING, Status.PAUSING, Status.RETRYING, Status.VERIFYING}
)
OVER = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})


class Assurance(StrEnum):
    """How sure we are that the bytes are one version of the source."""

    PENDING = "pending"
    """Not finished yet, nothing joined so far."""
    SINGLE_REPLY = "single_reply"
    """One complete reply with a declared length: one version by construction."""
    VALIDATOR = "validator"
    """Several replies, all under the same strong validator."""
    DIGEST = "digest"
    """The whole file agrees with a digest that the user or the server gave."""
    UNVERIFIED = "unverified"
    """Several replies were joined without a strong validator, or a length was unknown."""
    NOT_MODIFIED = "not_modified"
    """Nothing was fetched: the server says that the file which was here is the latest."""


class Source(StrEnum):
    """Where a job came from. Jobs of the API may not be redirected to private hosts."""

    LOCAL = "local"
    API = "api"


@dataclass(frozen=True, slots=True)
class Digest:
    """An expected digest: algorithm in hashlib's spelling (``sha256``), lower-case hex."""

    algorithm: str
    hex: str


@dataclass(frozen=True, slots=True)
class PieceHashes:
    """Digests of equal stretches of a file; the last one may be shorter."""

    algorithm: str
    length_bytes: int
    hexes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """What the user chose for one download. ``None`` means: the setting decides."""

    out: str | None = None
    """File name wanted by the user; made safe, never a path."""
    connections: int | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Extra request headers, bound to the origin of the URL that they were given for."""
    user_agent: str | None = None
    referer: str | None = field(default=None, repr=False)
    digests: tuple[Digest, ...] = ()
    mirrors: tuple[str, ...] = field(default=(), repr=False)
    limit_bps: int | None = None
    """Bytes per second; 0 is unlimited."""
    max_tries: int | None = None
    """Tries in a row without progress; 0 is endless."""
    timeout_s: float | None = None
    connect_timeout_s: float | None = None
    overall_timeout_s: float | None = None
    """Longest time for one run from its start, waits included; ``None`` is endless."""
    allowed_hosts: str = ""
    """The only hosts that may be asked, redirects included (see ``hosts.py``); empty: all."""
    blocked_hosts: str = ""
    """Hosts that may not be asked, in the same form."""
    proxy: str | None = field(default=None, repr=False)
    ca_certificate: str | None = None
    check_certificate: bool = True
    http_user: str | None = None
    http_password: str | None = field(default=None, repr=False)
    cookie_file: str | None = None
    use_netrc: bool = True
    checksum_from: str | None = field(default=None, repr=False)
    """URL of a list of digests (SHA256SUMS and its like) that names the file."""
    pieces: PieceHashes | None = None
    """Checked as pieces complete; a bad one is fetched again."""
    remote_time: bool | None = None
    """Whether the finished file gets the server's date."""
    conditional_get: bool = False
    """Fetch only if the server's file is newer than the one that is here."""
    sequential: bool = False
    """Fill the file from its beginning, within a window that moves along."""
    auth_challenge: bool = False
    """User and password go along only when the server asks for them."""
    bearer: str | None = field(default=None, repr=False)
    """A token, bound like ``headers``."""
    netrc_file: str | None = None
    save_cookies: str | None = None
    """Where the cookies of each run are written."""
    certificate: str | None = None
    """The client's own (PEM), bound like ``headers``, and its key when that is apart."""
    private_key: str | None = None
    private_key_password: str | None = field(default=None, repr=False)
    start_at: datetime | None = None
    """Not before this moment, aware UTC."""
    no_proxy: str | None = None
    """Hosts without a proxy, in place of those of the settings (see ``routes.py``)."""
    interface: str | None = None
    """Network interface, or an address of this machine, that connections leave by."""
    ip_version: int | None = None
    """4 or 6; ``None`` is both."""
    resolve: tuple[str, ...] = ()
    """``HOST:PORT:ADDRESS[,ADDRESS]`` in place of look-ups."""
    http2: bool | None = None
    """Offer HTTP/2 to https servers."""
    adopt: str | None = None
    """Control file of aria2 whose bytes are taken over at the start."""
    move_to: str | None = None
    """Absolute folder that the finished file is moved to; empty: it stays where it is."""
    priority: int = 0
    """-100 to 100 (see ``priority.py``): of what waits, higher ones start first."""


@dataclass(frozen=True, slots=True)
class AddRequest:
    """One download that somebody wants."""

    url: str = field(repr=False)
    """The user's exact text, sent to the server untouched."""
    directory: str
    """Absolute target folder."""
    options: DownloadOptions = DownloadOptions()
    paused: bool = False
    source: Source = Source.LOCAL
    id: str | None = None
    """Id chosen by the client (a UUID); the same id twice is one download."""
    allow_duplicate: bool = False
    """Whether an unfinished download of the same URL and folder may stand beside it."""
    position: int | None = None
    """Place in the queue, from 0; ``None`` is the end."""
    gid: str | None = None
    """16 hex digits chosen by the client; taken ones are refused."""
    added_by: str = ""
    """Which front end or dialect asked: ``surge``, ``aria2``, ``jobs``, ``files``, or empty."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said to tell versions of a resource apart (RFC 9110 section 8.8)."""

    etag: str | None = None
    """As sent, quotes and a possible ``W/`` included."""
    last_modified: str | None = None
    """As sent: it is compared and returned byte for byte."""
    last_modified_is_strong: bool = False
    """Date was at least one second later (RFC 9110 section 8.8.2.2)."""

    @property
    def strong(self) -> str | None:
        """The text for If-Range, or ``None`` when nothing strong was given."""
        if self.etag is not None and not self.etag.startswith(("W/", "w/")):
            return self.etag
        if self.etag is None and self.last_modified_is_strong:
            return self.last_modified
        return None


@dataclass(frozen=True, slots=True)
class PartIdentity:
    """The inode that we created: a file with another inode is not ours."""

    device: int
    inode: int
    born_ns: int = 0
    """When it was made, by its file system; 0 is unknown. Numbers of inodes are used again."""


@dataclass(frozen=True, slots=True)
class OldPart:
    """The partial file of an older version, kept until the new version has passed it."""

    directory: str
    """Where it is, also when the download was given another folder since."""
    name: str
    came_from: str
    """What it was called before: a kill may have left it there."""
    part: PartIdentity
    written: RangeSet
    """What of it is data. It never counts as progress."""


@dataclass(frozen=True, slots=True)
class Moving:
    """Where a file is being moved to. Noted before the disk is touched (see ``carry.py``)."""

    directory: str
    name: str
    """The final name there."""
    entry: str
    """What the file is called there: ``name``, or its part while it is unfinished."""
    file: PartIdentity
    """The file that arrives: ours itself by a rename, a new one by a copy."""


@dataclass(frozen=True, slots=True)
class DownloadRecord:
    """Everything about one download that must survive a power cut."""

    id: str
    """UUID, lower case."""
    gid: str
    """16 lower-case hex digits, for the dialects that need them."""
    url: str = field(repr=False)
    directory: str
    position: int
    """Order in the queue among equal priorities: smaller runs earlier. Gaps are fine, ties not."""
    created_at: datetime
    options: DownloadOptions = DownloadOptions()
    source: Source = Source.LOCAL
    status: Status = Status.QUEUED
    failure: Failure | None = None
    """Why it failed, waits or was paused by itself."""
    name: str | None = None
    """Final file name, once the first reply or the user settled it."""
    part_name: str | None = None
    part: PartIdentity | None = None
    total_bytes: int | None = None
    """Size of the resource; ``None`` while unknown."""
    synced: RangeSet = field(default_factory=RangeSet)
    """Ranges that are on stable storage: valid after a power cut."""
    generation: int = 1
    """Counts the versions of the resource that were started; bytes never mix."""
    old_part: OldPart | None = None
    validators: Validators = Validators()
    final_url: str | None = field(default=None, repr=False)
    """Where the redirects led."""
    ranges_supported: bool | None = None
    assurance: Assurance = Assurance.PENDING
    digest: Digest | None = None
    """The digest that was checked and agreed."""
    elapsed_s: float = 0.0
    """Time spent transferring, over all runs."""
    tries: int = 0
    started_at: datetime | None = None
    completed_at: datetime | None = None
    added_by: str = ""
    """As in ``AddRequest``."""
    final_modified_ns: int | None = None
    """mtime of the published file, to notice an edit by others."""
    moving: Moving | None = None
    """A move under way, or one that a kill cut short."""
    loaded_in: str | None = None
    """Folder that it was asked for and filled in, when it was moved at its end."""
    remark: str = ""
    """What could not be done with a file that is all right itself, as a sentence."""
    final_changed_ns: int | None = None
    """Its ctime, which no program can set back; ``None`` is unknown."""
    final_mode: int | None = None
    """Its mode: a change of it explains a later ctime."""

    @property
    def synced_bytes(self) -> int:
        """Bytes that survive a power cut."""
        return self.synced.total
