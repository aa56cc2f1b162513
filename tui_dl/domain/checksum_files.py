"""Lists of digests as sites put them next to their files: SHA256SUMS, file.sha256, CHECKSUM.

Pure. Reads both usual forms, that of GNU's sha256sum (``HEX  name``) and that of BSD
(``SHA256 (name) = HEX``). Lines that are neither are skipped: comments, signatures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tui_dl.domain.digests import DIGEST_BYTES, algorithm_from
from tui_dl.domain.errors import UsageError
from tui_dl.domain.late_pattern import late_pattern
from tui_dl.domain.model import Digest
from tui_dl.domain.quick_dataclass import dataclass

MOST_BYTES = 8 * 1024 * 1024
"""A longer document is no list of digests."""

_GNU = late_pattern(r"(\\?)([0-9A-Fa-f]{32,128})(?:[ \t]+[ *]?|[ \t]*\*)(\S.*)")
_BSD = late_pattern(r"(\\?)([A-Za-z0-9/-]+)\s*\((.+)\)\s*=\s*([0-9A-Fa-f]{32,128})")
_BARE = late_pattern(r"[0-9A-Fa-f]{32,128}")
_BY_DIGITS = {size * 2: name for name, size in DIGEST_BYTES.items()}
_ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}


@dataclass(frozen=True, slots=True)
class ChecksumLine:
    """One digest and the name that it is for; ``None`` in a document of nothing but hex."""

    digest: Digest
    name: str | None


def parse_checksum_file(text: str) -> tuple[ChecksumLine, ...]:
    """Return every line that states a digest of a known algorithm, in order."""
    lines: list[ChecksumLine] = []
    for raw in text.removeprefix("\ufeff").splitlines():
        line = raw.strip()
        if (match := _BSD.fullmatch(line)) is not None:
            algorithm = algorithm_from(match[2])
            found = _digest(algorithm, match[4])
            name: str | None = _unescaped(match[3], match[1])
        elif (match := _GNU.fullmatch(line)) is not None:
            found = _digest(_BY_DIGITS.get(len(match[2])), match[2])
            name = _unescaped(match[3], match[1])
        elif _BARE.fullmatch(line):
            found, name = _digest(_BY_DIGITS.get(len(line)), line), None
        else:
            continue
        if found is not None:
            lines.append(ChecksumLine(found, name))
    return tuple(lines)


def digests_for(
    lines: Sequence[ChecksumLine], names: Iterable[str], *, where: str
) -> tuple[Digest, ...]:
    """Return the digests that ``lines`` state for a file that may go by any of ``names``.

    Compared is the last part of a path; the first of ``names`` that is listed counts.
    A document that holds one digest and no name speaks of any file. ``where`` is how the
    document is called in sentences.

    Raises:
        UsageError: the file is not listed, or twice with different digests.
    """
    wanted = [name for name in dict.fromkeys(names) if name]
    if not lines:
        raise UsageError(f"{where} holds no checksum in a form that is known.")
    for name in wanted:
        hits = dict.fromkeys(line.digest for line in lines if _last(line.name) == name)
        algorithms = {digest.algorithm for digest in hits}
        if len(algorithms) < len(hits):
            raise UsageError(f"{where} names {name} twice, with different checksums.")
        if hits:
            return tuple(hits)
    if len(lines) == 1 and lines[0].name is None:
        return (lines[0].digest,)
    called = " or ".join(wanted) or "the file"
    raise UsageError(f"{where} does not name {called}; it has {_some(lines)}.")


def _some(lines: Sequence[ChecksumLine]) -> str:
    names = list(dict.fromkeys(_last(line.name) for line in lines if line.name is not None))
    if not names:
        return f"{len(lines)} checksums without names"
    rest = len(names) - 3
    return ", ".join(names[:3]) + (f" and {rest} more" if rest > 0 else "")


def _last(name: str | None) -> str:
    return "" if name is None else name.replace("\\", "/").rpartition("/")[2]


def _digest(algorithm: str | None, text: str) -> Digest | None:
    if algorithm is None or len(text) != DIGEST_BYTES[algorithm] * 2:
        return None
    return Digest(algorithm, text.lower())


def _unescaped(name: str, mark: str) -> str:
    """Undo what sha256sum does to names with a backslash or a line end in them."""
    if not mark:
        return name
    return re.sub(r"\\[\\nr]", lambda match: _ESCAPES[match[0]], name)
