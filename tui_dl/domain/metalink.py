"""Metalink documents, version 3 and version 4 (RFC 5854): what to fetch and how to check it.

Pure. A document type declaration is refused whole, so no entity is ever expanded and
nothing is ever fetched. Must not decide where a file goes; names that would leave the
target folder make the whole document unusable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from xml.parsers import expat

from tui_dl.domain.digests import DIGEST_BYTES, algorithm_from
from tui_dl.domain.errors import UsageError
from tui_dl.domain.model import Digest, PieceHashes
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.urls import parse_url

V3 = "http://www.metalinker.org/"
V4 = "urn:ietf:params:xml:ns:metalink"

SUFFIXES = (".meta4", ".metalink")
MEDIA_TYPES = frozenset({"application/metalink4+xml", "application/metalink+xml"})
MOST_BYTES = 16 * 1024 * 1024
MOST_LEVELS = 16
MOST_FILES = 10_000
_LOWEST_PRIORITY = 999_999
_DIGITS = 19


@dataclass(frozen=True, slots=True)
class MetalinkFile:
    """One file of a document that has at least one usable address."""

    name: str
    """Relative path with forward slashes, checked."""
    uris: tuple[str, ...]
    """The best first."""
    size_bytes: int | None = None
    digests: tuple[Digest, ...] = ()
    pieces: PieceHashes | None = None


def is_metalink_name(path: str) -> bool:
    """Return whether a path, or that of a URL, is called like a Metalink document."""
    return path.partition("?")[0].lower().endswith(SUFFIXES)


def parse_metalink(document: bytes) -> list[MetalinkFile]:
    """Return the files of a document; one without a usable address is left out.

    Raises:
        MetalinkError: it is no such document, or a name is missing or leaves the folder.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    # Without a declaration there can be no entity but the five of XML itself.
    parser.StartDoctypeDeclHandler = _refuse_declaration
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, _RefusedError) as error:
        raise MetalinkError(UNREADABLE) from error
    return [found.finished() for found in reader.files if found.uris]


class MetalinkError(UsageError):
    """It is no Metalink document, or one that breaks the rules of the format."""


UNREADABLE = "Could not parse Metalink XML document."


class _RefusedError(Exception):
    """Well-formed XML that is not read."""


def _refuse_declaration(*_: object) -> None:
    raise _RefusedError


@dataclass(slots=True)
class _Draft:
    """A file while its element is open."""

    name: str
    size_bytes: int | None = None
    digests: list[Digest] = field(default_factory=list)
    uris: list[tuple[int, str]] = field(default_factory=list)
    """With the rank of each: the smaller, the better."""
    pieces: PieceHashes | None = None

    def finished(self) -> MetalinkFile:
        ranked = sorted(self.uris, key=lambda pair: pair[0])
        uris = dict.fromkeys(uri for _, uri in ranked)
        return MetalinkFile(
            self.name, tuple(uris), self.size_bytes, tuple(self.digests), self.pieces
        )


class _Reader:
    """Follows the elements of one document."""

    def __init__(self) -> None:
        self.files: list[_Draft] = []
        self._path: list[str] = []
        self._attributes: list[Mapping[str, str]] = []
        self._text: list[str] = []
        self._piece_hexes: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition(" ")
        # An element of another vocabulary has a place in the tree, but no meaning.
        self._path.append(name if space in (V3, V4, "") else "?")
        if len(self._path) > MOST_LEVELS:
            raise _RefusedError
        self._attributes.append(attributes)
        self._text = []
        if self._is_at("file"):
            if len(self.files) >= MOST_FILES:
                raise _RefusedError
            self.files.append(_Draft(_checked_name(attributes.get("name"))))
        elif self._is_at("file", "pieces"):
            self._piece_hexes = []

    def text(self, data: str) -> None:
        self._text.append(data)

    def end(self, _: str) -> None:
        text = "".join(self._text).strip()
        if self._is_at("file", "size"):
            self.files[-1].size_bytes = _number(text)
        elif self._is_at("file", "hash"):
            self._take_digest(text, self._attributes[-1])
        elif self._is_at("file", "pieces", "hash"):
            self._piece_hexes.append(text.lower())
        elif self._is_at("file", "pieces"):
            self._take_pieces(self._attributes[-1])
        elif self._is_at("file", "url"):
            self._take_uri(text, self._attributes[-1])
        self._path.pop()
        self._attributes.pop()
        self._text = []

    def _is_at(self, *names: str) -> bool:
        """Whether the open elements are these, whichever version wraps them."""
        if self._path[-1] != names[-1]:
            return False
        inner = [name for name in self._path if name not in _WRAPPERS]
        return inner == ["metalink", *names]

    def _take_digest(self, text: str, attributes: Mapping[str, str]) -> None:
        algorithm = algorithm_from(attributes.get("type", ""))
        if algorithm is not None and _is_hex(text, algorithm):
            self.files[-1].digests.append(Digest(algorithm, text.lower()))

    def _take_pieces(self, attributes: Mapping[str, str]) -> None:
        algorithm = algorithm_from(attributes.get("type", ""))
        length_bytes = _number(attributes.get("length", ""))
        if algorithm is None or not length_bytes or not self._piece_hexes:
            return
        if all(_is_hex(text, algorithm) for text in self._piece_hexes):
            self.files[-1].pieces = PieceHashes(algorithm, length_bytes, tuple(self._piece_hexes))

    def _take_uri(self, text: str, attributes: Mapping[str, str]) -> None:
        # Version 3 lists torrents among the addresses.
        if attributes.get("type", "http") not in ("http", "https") or not _is_usable(text):
            return
        if "preference" in attributes:
            rank = 101 - (_number(attributes["preference"]) or 0)
        else:
            rank = _number(attributes.get("priority", "")) or _LOWEST_PRIORITY
        self.files[-1].uris.append((rank, text))


_WRAPPERS = frozenset({"files", "verification", "resources"})


def _is_usable(text: str) -> bool:
    try:
        parse_url(text)
    except UsageError:
        return False
    return True


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= _DIGITS
    return int(text) if is_number else None


def _is_hex(text: str, algorithm: str) -> bool:
    wanted = DIGEST_BYTES[algorithm] * 2
    return len(text) == wanted and all(digit in "0123456789abcdefABCDEF" for digit in text)


def _checked_name(name: str | None) -> str:
    """Return a name that stays below the target folder (trap N2).

    Raises:
        MetalinkError: it does not, or there is none.
    """
    if not name:
        raise MetalinkError("Specification violation: Missing file@name")
    parts = name.replace("\\", "/").split("/")
    is_bad = any(part in ("", ".", "..") for part in parts)
    if is_bad or any(ord(char) < 0x20 or ord(char) == 0x7F for char in name):
        raise MetalinkError("Specification violation: Bad file@name")
    return "/".join(parts)
