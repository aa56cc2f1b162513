"""What one generation of a download has learned, and how a reply is held against it.

Owns ``Known`` over the life of a generation and the assurance that follows from it.
Must not write bytes or talk to servers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import field, replace

from tui_dl.domain.digest_fields import parse_digest_fields
from tui_dl.domain.errors import ErrorCode, ReplyRefusedError, TransferError
from tui_dl.domain.model import Assurance, Digest, Validators
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.ranges import Range, RangeSet
from tui_dl.net.identity import Asked, Head, Judgement, Known, Verdict, judge
from tui_dl.net.reply import Framing

OVERLAP_BYTES = 64 * 1024
"""How much is read again before a resume without a strong validator (trap H8)."""

REFUSALS_BEFORE_SINGLE = 2
UNPROVEN_BEFORE_WHOLE = 4
VOICES_FOR_ANOTHER_SIZE = 2
"""One reply with another size may be a slip; two that agree outvote the one that was first."""


class GenerationChangedError(ReplyRefusedError):
    """The resource is another version: what is here belongs to the old one."""

    code = ErrorCode.RESOURCE_CHANGED


class StartOverError(GenerationChangedError):
    """Perhaps the same version, but nobody can prove it: its bytes must not be joined."""


@dataclass(slots=True)
class Facts:
    """Mutable knowledge of one generation."""

    known: Known = field(default_factory=Known)
    ranges_supported: bool | None = None
    """``None`` until the first reply tells."""
    replies: int = 0
    """Admitted so far, earlier runs included: more than one means joined bytes."""
    is_unverified: bool = False
    server_digests: tuple[Digest, ...] = ()
    refusals: int = 0
    tells_no_version: bool = False
    """It had a validator, but later ranges come without: bytes must prove what it did."""
    unproven: int = 0
    """Replies that could not prove it."""
    first_head: Head | None = None
    sizes: Counter[int] = field(default_factory=Counter)
    """How often another size was named under the same strong validator."""

    def admit(
        self,
        head: Head,
        asked: Asked,
        fields: tuple[tuple[str, str], ...],
        *,
        known: Known,
        is_mirror: bool,
        has_bytes: bool,
        written: Callable[[], RangeSet],
        has_overlap: bool = False,
    ) -> Judgement:
        """Judge a reply that carries a body, and learn from it.

        ``fields`` are its header fields, searched for digests. ``known`` is what its own
        source told before: mirrors may tag the same version differently. Without bytes on disk
        (``has_bytes``) a whole reply is always welcome: it is the version from now on.
        ``written`` gives what is there.
        ``has_overlap`` is whether its first bytes will be held against those on disk.

        Raises:
            GenerationChangedError: the resource is another version.
            ReplyRefusedError: the body must not be written.
            TransferError: something else came in place of the file.
        """
        verdict = judge(head, asked, known)
        kind = verdict.verdict
        if is_mirror and kind is not Verdict.PART:
            raise ReplyRefusedError(f"The reply was refused: {verdict.reason or kind.value}.")
        may_be_another = (Verdict.CHANGED, Verdict.START_OVER, Verdict.RESIZED)
        if kind in may_be_another and head.status == 200 and not has_bytes:
            self.known, self.replies = Known(), 0
            verdict = judge(head, asked, self.known)
            kind = verdict.verdict
        if kind is Verdict.RESIZED:
            return self._weigh(verdict, head.status, written())
        if kind is Verdict.START_OVER:
            self.ranges_supported = False
            raise StartOverError(f"The download starts over: {verdict.reason}.")
        if kind is Verdict.CHANGED:
            raise GenerationChangedError(f"The file changed: {verdict.reason}.")
        if kind is Verdict.UNEXPECTED:
            raise TransferError(
                f"Something is in the way: {verdict.reason}.", code=ErrorCode.UNEXPECTED_CONTENT
            )
        if kind is Verdict.REFUSED:
            self.refusals += 1
            if self.refusals >= REFUSALS_BEFORE_SINGLE:
                self.ranges_supported = False
            raise ReplyRefusedError(f"The reply was refused: {verdict.reason}.")
        if kind is Verdict.UNSATISFIABLE:
            self.ranges_supported = False
            raise ReplyRefusedError(
                "The server refused the range (416).", code=ErrorCode.RANGE_UNSATISFIABLE
            )
        is_mute = known.validators != Validators() and head.validators == Validators()
        if kind is Verdict.PART and is_mute and has_bytes and not has_overlap:
            self._refuse_mute()
        self._learn(head, verdict, fields)
        return verdict

    def _weigh(self, verdict: Judgement, status: int, written: RangeSet) -> Judgement:
        """Decide which of two sizes of one version is right.

        If what is here is exactly as long as the server says now, the first size was wrong
        and nothing is missing: the validator vouches for the bytes. A lone part that names
        another size is not believed. A whole reply that is shorter than what already came of
        that version is something else, such as a text that says to try later.
        """
        total = verdict.total
        assert total is not None
        if total and written == RangeSet([Range(0, total)]):
            self.known = replace(self.known, total=total)
            self.is_unverified = True  # it has told two sizes of one version
            return replace(verdict, verdict=Verdict.COMPLETE)
        self.sizes[total] += 1
        longest = max((piece.end for piece in written), default=0)
        if status == 200 and total < longest:
            raise TransferError(
                f"Something is in the way: {verdict.reason}, under the same tag.",
                code=ErrorCode.UNEXPECTED_CONTENT,
            )
        if status != 200 and self.sizes[total] < VOICES_FOR_ANOTHER_SIZE:
            raise ReplyRefusedError(f"The reply was refused: {verdict.reason}.")
        raise GenerationChangedError(f"The file changed: {verdict.reason}.")

    def _refuse_mute(self) -> None:
        """Demand known bytes from a server that no longer tells which version it sends."""
        self.tells_no_version = True
        self.unproven += 1
        if self.unproven > UNPROVEN_BEFORE_WHOLE:
            raise StartOverError("The server no longer tells the version of what it sends.")
        raise ReplyRefusedError(
            "The server no longer tells the version: its bytes are compared first.",
            code=ErrorCode.RANGE_MISMATCH,
        )

    def _learn(self, head: Head, verdict: Judgement, fields: tuple[tuple[str, str], ...]) -> None:
        kind = verdict.verdict
        self.replies += 1
        if kind is Verdict.PART:
            self.ranges_supported = True
        elif kind in (Verdict.WHOLE, Verdict.RANGE_IGNORED):
            self.ranges_supported = False
        known = self.known
        if known.validators != Validators() and head.validators == Validators():
            self.is_unverified = True  # nothing to compare: the reply did not tell its version
        self.known = replace(
            known,
            total=verdict.total if known.total is None else known.total,
            validators=head.validators if known.validators == Validators() else known.validators,
            content_type=known.content_type or head.content_type,
        )
        if self.first_head is None:
            self.first_head = head
        whole = kind is Verdict.WHOLE
        found = parse_digest_fields(fields, whole=whole)
        if found and not self.server_digests:
            self.server_digests = found

    def follow(self, validators: Validators) -> None:
        """Another link that has proved to have the same file leads from now on."""
        if validators != Validators():
            self.known = replace(self.known, validators=validators)

    @property
    def may_split(self) -> bool:
        """Whether several replies may be joined without asking for proof of each byte."""
        validators = self.known.validators
        has_tag = validators.etag is not None and not self.known.validators_rotate
        if self.tells_no_version:
            return False
        return bool(self.ranges_supported) and (has_tag or validators.last_modified is not None)

    @property
    def needs_overlap(self) -> bool:
        """Whether a resume must first read known bytes again."""
        has_tag = self.known.validators.strong is not None and not self.tells_no_version
        return not has_tag or self.known.validators_rotate

    def assurance(self, framing: Framing | None) -> Assurance:
        """Return what may be said of the finished file when no digest speaks."""
        if self.is_unverified or framing is Framing.CLOSE:
            return Assurance.UNVERIFIED
        if self.replies <= 1:
            return Assurance.SINGLE_REPLY
        return Assurance.UNVERIFIED if self.needs_overlap else Assurance.VALIDATOR
