"""The one table of exit codes. Must not print or exit: ``main.py`` does.

Several failures at once: the most telling one wins, in the order of ``_WEIGHT``
(integrity over disk over a failed transfer over a refused request). A signal wins over all.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from tui_dl.domain.errors import ErrorCode


class ExitCode(IntEnum):
    """What the shell sees. Scripts depend on these numbers: never change one."""

    OK = 0
    """Everything completed, and was verified as far as the source allows."""
    FAILED = 1
    """At least one download failed."""
    USAGE = 2
    """The command line or an input file is wrong. Nothing was added."""
    INTEGRITY = 3
    """A file arrived that does not have the digest it should have."""
    DISK = 4
    """The disk is full, or the target cannot be written."""
    LOCKED = 5
    """Another tui-dl owns the state folder and cannot be reached."""
    HANGUP = 129
    INTERRUPT = 130
    TERMINATE = 143


_BY_ERROR = {
    ErrorCode.INVALID_URL: ExitCode.USAGE,
    ErrorCode.UNSUPPORTED_SCHEME: ExitCode.USAGE,
    ErrorCode.INVALID_OPTION: ExitCode.USAGE,
    ErrorCode.UNKNOWN_DOWNLOAD: ExitCode.USAGE,
    ErrorCode.DIGEST_MISMATCH: ExitCode.INTEGRITY,
    ErrorCode.DISK_FULL: ExitCode.DISK,
    ErrorCode.NOT_WRITABLE: ExitCode.DISK,
    ErrorCode.DISK_IO: ExitCode.DISK,
    ErrorCode.TARGET_LOST: ExitCode.DISK,
    ErrorCode.FILE_TOO_LARGE: ExitCode.DISK,
    ErrorCode.STATE_LOCKED: ExitCode.LOCKED,
}

_WEIGHT = (
    ExitCode.OK,
    ExitCode.USAGE,
    ExitCode.FAILED,
    ExitCode.DISK,
    ExitCode.INTEGRITY,
    ExitCode.LOCKED,
)


def code_of_error(code: ErrorCode) -> ExitCode:
    """Return the exit code that one error alone leads to."""
    return _BY_ERROR.get(code, ExitCode.FAILED)


def code_of_errors(codes: Iterable[ErrorCode]) -> ExitCode:
    """Return the exit code for all errors of a run; none is ``OK``."""
    return max(map(code_of_error, codes), key=_WEIGHT.index, default=ExitCode.OK)


def code_of_signal(number: int) -> int:
    """Return the shell's own number for a process that a signal ended."""
    return 128 + number
