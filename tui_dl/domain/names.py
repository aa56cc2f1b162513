"""File names: from whatever a server, a URL or a user offers to one that is safe.

Owns choosing, cleaning, cutting and numbering. Must not look at a disk: whether a name is
taken, and that it stays inside its folder, is checked by the writer (traps N1 to N6).
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote_to_bytes

from tui_dl.domain.characters import EMOJI, HIDDEN, JOINER, clusters
from tui_dl.domain.late_pattern import late_pattern

LONGEST_NAME_BYTES = 255
"""What the usual file systems take, counted in UTF-8."""

RESERVE_BYTES = 24
"""Kept free for what is appended later: the suffix of a partial file, a number."""

LAST_RESORT = "download"

_HIDDEN = late_pattern(f"[{HIDDEN}]")
_STRAY_JOINER = late_pattern(f"(?<![{EMOJI}])(?<![{EMOJI}]\ufe0f){JOINER}|{JOINER}(?![{EMOJI}])")
_FORBIDDEN = late_pattern(r'[<>:"|?*]')
_SPACES = " \u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_RESERVED = late_pattern(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\.|\Z)",
    re.IGNORECASE,
)
_EXTENSION = late_pattern(
    r"""(?<=.)(?:
        \.(?=[0-9]*[a-z])[a-z0-9]{1,6}\.(?:br|bz2|gz|lz|lz4|lzma|xz|z|zst|[0-9]{3}|asc|sig|md5|sha1|sha256|sha512)
        | \.(?:(?=[0-9_-]*[a-z])[a-z0-9_-]{1,12}|[0-9]{3})
    )\Z""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
# Only types that mean one extension. No text/plain: README has none on purpose.
_TYPE_EXTENSIONS = {
    "application/epub+zip": ".epub",
    "application/gzip": ".gz",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/x-7z-compressed": ".7z",
    "application/x-bzip2": ".bz2",
    "application/x-iso9660-image": ".iso",
    "application/x-tar": ".tar",
    "application/x-xz": ".xz",
    "application/zip": ".zip",
    "application/zstd": ".zst",
    "audio/flac": ".flac",
    "audio/mpeg": ".mp3",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/webp": ".webp",
    "text/html": ".html",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
}


def safe_name(candidate: str, *, fallback: str, reserve_bytes: int = RESERVE_BYTES) -> str:
    """Return a name that every usual file system takes and that cannot leave its folder.

    Percent codes are not decoded here: the caller has done that once. Both slashes part
    folders, the last part counts (N2). Hidden characters go, forbidden ones and a leading
    dot become ``_`` (N3), reserved device names get a ``_``, the name is NFC and at most
    ``255 - reserve_bytes`` bytes with its extension kept (N4, N5). What is empty then is
    ``fallback``, cleaned in the same way. Idempotent.
    """
    limit = LONGEST_NAME_BYTES - reserve_bytes
    return _cleaned(candidate, limit) or _cleaned(fallback, limit) or LAST_RESORT


def name_from_url(target: str) -> str | None:
    """Return the last path segment, percent-decoded once; ``None`` when it is empty.

    UTF-8 when the bytes are, else Latin-1. The query never gives a name (N6). Not safe yet.
    """
    segment = target.partition("?")[0].rpartition("/")[2]
    raw = unquote_to_bytes(segment.encode("utf-8", "replace"))
    try:
        return raw.decode("utf-8") or None
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def choose_name(
    *,
    wanted: str | None,
    disposition: str | None,
    url_target: str,
    content_type: str | None = None,
    fallback: str,
) -> str:
    """Return the safe name: the user's wish, else the server's, else the URL's, else ``fallback``.

    Only the fallback gets an extension from ``content_type``: a name that somebody gave is
    not second-guessed, so that scripts can tell what a file will be called.
    """
    limit = LONGEST_NAME_BYTES - RESERVE_BYTES
    for candidate in (wanted, disposition, name_from_url(url_target)):
        name = "" if candidate is None else _cleaned(candidate, limit)
        if name:
            return name
    media_type = (content_type or "").partition(";")[0].strip().lower()
    return safe_name(fallback + _TYPE_EXTENSIONS.get(media_type, ""), fallback=fallback)


def numbered_name(name: str, n: int, *, reserve_bytes: int = RESERVE_BYTES) -> str:
    """Return ``name`` with a number before its extension: ``a (1).tar.gz``.

    ``name`` is safe already; the stem gives way when the limit would be crossed.
    """
    stem, extension = split_extension(name)
    number = f" ({n})"
    room = LONGEST_NAME_BYTES - reserve_bytes - len((number + extension).encode())
    return (_cut(stem, room) or LAST_RESORT) + number + extension


def split_extension(name: str) -> tuple[str, str]:
    """Cut a name into stem and extension; joined they are the name, the stem is never empty.

    The extension has one part, or two for packed and signed files such as ``.tar.gz``. It
    has a letter in it, or three digits: the ``.12`` of ``linux-6.12`` is none.
    """
    match = _EXTENSION.search(name)
    return (name, "") if match is None else (name[: match.start()], match[0])


def _cleaned(text: str, limit: int) -> str:
    """Return the safe form, or an empty text when nothing is left."""
    text = text.replace("\\", "/").rpartition("/")[2]
    # Hidden characters first: they may stand between letters that NFC would join.
    text = _STRAY_JOINER.sub("", _HIDDEN.sub("", text))
    text = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text))
    text = text.lstrip(_SPACES).rstrip(_SPACES + ".")
    if text.startswith("."):
        text = "_" + text[1:]
    text = _shortened(text, limit)
    # After the cut, which may lay a device name bare; and the prefix may need a cut again.
    return _shortened("_" + text, limit) if _RESERVED.match(text) else text


def _shortened(name: str, limit: int) -> str:
    """Return at most ``limit`` bytes of the name, extension kept, no cluster cut in two."""
    if len(name.encode()) <= limit:
        return name
    stem, extension = split_extension(name)
    stem = _cut(stem, limit - len(extension.encode()))
    return stem + extension if stem else ""


def _cut(stem: str, limit: int) -> str:
    """Return as many whole clusters as fit into ``limit`` bytes, without a loose end."""
    if len(stem.encode()) <= limit:
        return stem
    size, end = 0, 0
    for cluster in clusters(stem):
        size += len(cluster.encode())
        if size > limit:
            break
        end += len(cluster)
    return stem[:end].rstrip(_SPACES + ".")
