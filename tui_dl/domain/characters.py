"""Which characters are hidden or dangerous, what belongs together, how wide it is.

One source for file names (they lose such characters) and for the screen (it shows them
as pictures). Must not change a text: that is ``names.py`` and ``display.py``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

# Ranges for a regular expression's character class.
CONTROLS = r"\x00-\x1f\x7f-\x9f"
"""C0, DEL and C1: the terminal obeys them."""
BIDI = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks that turn the reading direction: ``exe.txt`` may be ``txt.exe``."""
JOINER = "\u200d"
"""ZWJ: hidden, but it also holds an emoji of several parts together."""
ZERO_WIDTH = (
    r"\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u2060-\u2065"
    r"\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a"
)
"""Nothing to see: soft hyphen, fillers, joiners, byte order mark, annotations."""
LINE_ENDS = r"\u2028\u2029"
NO_TEXT = r"\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
"""Lone surrogates cannot be encoded; non-characters mean nothing."""
TAGS = r"\U000e0000-\U000e0fff"
"""Invisible twins of ASCII and more variation selectors."""
HIDDEN = CONTROLS + BIDI + ZERO_WIDTH + LINE_ENDS + NO_TEXT + TAGS
"""All of them but the joiner."""
EMOJI = r"\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
"""What may stand on both sides of a joiner."""

_EMOJI_STYLE = "\ufe0f"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_REGIONAL = range(0x1F1E6, 0x1F200)
_JAMO_TAILS = (range(0x1160, 0x1200), range(0xD7B0, 0xD800))
# Wide by design even where this Python does not know the character yet.
_WIDE_BLOCKS = (range(0x1F300, 0x1FB00), range(0x20000, 0x3FFFE))


def clusters(text: str) -> Iterator[str]:
    """Yield the pieces that a reader sees as one character; joined they are the text.

    A close relative of the extended grapheme clusters of UAX 29: base with marks, joined
    emoji, flags and conjoining jamo stay whole.
    """
    start = 0
    for place in range(1, len(text)):
        if not _belongs(text, start, place):
            yield text[start:place]
            start = place
    if text:
        yield text[start:]


def cell_width(text: str) -> int:
    """Return how many terminal cells the text takes, hidden characters aside."""
    if text.isascii():
        return len(text)
    return sum(_cluster_width(cluster) for cluster in clusters(text))


def _belongs(text: str, start: int, place: int) -> bool:
    """Return whether the character at ``place`` continues the cluster from ``start``."""
    if text[place - 1] == JOINER or _is_extender(text[place]):
        return True
    # Flags are pairs of letters: only the second one continues.
    return place - start == 1 and ord(text[start]) in _REGIONAL and ord(text[place]) in _REGIONAL


def _is_extender(character: str) -> bool:
    """Return whether the character never stands alone."""
    if character.isascii():
        return False
    code = ord(character)
    return (
        character == JOINER
        or code in _SKIN_TONES
        or any(code in block for block in _JAMO_TAILS)
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
    )


def _cluster_width(cluster: str) -> int:
    """Return the cells of one cluster: those of its base, two for a flag or an emoji style."""
    base = cluster[0]
    if ord(base) in _REGIONAL:
        return len([c for c in cluster if ord(c) in _REGIONAL])
    if _EMOJI_STYLE in cluster[1:]:
        return 2
    code = ord(base)
    if code in _SKIN_TONES:
        return 2
    if _is_extender(base):
        return 0
    if unicodedata.category(base) == "Cn":
        # Older tables call every unassigned character wide.
        return 2 if any(code in block for block in _WIDE_BLOCKS) else 1
    return 2 if unicodedata.east_asian_width(base) in ("W", "F") else 1
