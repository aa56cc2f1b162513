"""Digest login (RFC 7616): from a challenge to the answer of each request. Pure but for chance.

Owns the reading of WWW-Authenticate. Must not know requests, origins or who the login is for.
Loaded only when a server asks for it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from tui_dl.domain.quick_dataclass import dataclass

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PART = re.compile(rf'({_WORD})(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD})))?')
_ESCAPE = re.compile(r"\\(.)")
_HASHES = {"SHA-256": "sha256", "SHA-512-256": "sha512_256", "MD5": "md5"}
"""Best first: the order in which algorithms are chosen (RFC 7616 section 3.7)."""
_SESSION = "-SESS"


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to log in that a server offers."""

    scheme: str
    """Lower case."""
    fields: Mapping[str, str]
    """Lower-case names."""


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """Read all WWW-Authenticate fields of a reply (RFC 9110 section 11.6.1).

    One field may hold several challenges, and commas stand between them as well as inside
    them: a word without ``=`` begins the next.
    """
    found: list[Challenge] = []
    for value in values:
        fields: dict[str, str] = {}
        for match in _PART.finditer(value):
            name = match[1].lower()
            if match[2] is None and match[3] is None:
                fields = {}
                found.append(Challenge(name, fields))
            else:
                text = match[3] if match[2] is None else _ESCAPE.sub(r"\1", match[2])
                fields.setdefault(name, text)
    return found


def choose_digest(challenges: Iterable[Challenge]) -> DigestSession | None:
    """Return a session for the best Digest challenge that can be answered."""
    best: DigestSession | None = None
    for challenge in challenges:
        if challenge.scheme != "digest" or "nonce" not in challenge.fields:
            continue
        try:
            session = DigestSession(challenge.fields)
        except ValueError:
            continue
        if best is None or session.rank < best.rank:
            best = session
    return best


class DigestSession:
    """Answers under one nonce; counts them, over all connections together."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        """Take up a challenge.

        Raises:
            ValueError: an algorithm or a quality that is not known.
        """
        self.algorithm = fields.get("algorithm", "MD5")
        name = self.algorithm.upper()
        self._is_session = name.endswith(_SESSION)
        name = name.removesuffix(_SESSION)
        if name not in _HASHES:
            raise ValueError(self.algorithm)
        self.rank = list(_HASHES).index(name)
        self._hash = _hasher(_HASHES[name])
        offered = [word.strip().lower() for word in fields.get("qop", "").split(",")]
        self._qop = next((word for word in ("auth", "auth-int") if word in offered), "")
        if any(offered) and not self._qop:
            raise ValueError(fields["qop"])
        self.realm = fields.get("realm", "")
        self.nonce = fields["nonce"]
        self.is_stale = fields.get("stale", "").lower() == "true"
        """The server says that only the nonce was too old, not that the login is wrong."""
        self._opaque = fields.get("opaque")
        self._hides_user = fields.get("userhash", "").lower() == "true"
        self._count = 0

    def renew(self, nonce: str) -> None:
        """Go on with the nonce that Authentication-Info gave (``nextnonce``)."""
        if nonce != self.nonce:
            self.nonce, self._count = nonce, 0

    def answer(
        self, user: str, password: str, target: str, client_nonce: str | None = None
    ) -> bytes:
        """Return the value of Authorization for a GET of ``target``."""
        self._count += 1
        count = f"{self._count:08x}"
        client = secrets.token_hex(16) if client_nonce is None else client_nonce
        # Words of the server are Latin-1 texts here and hashed as the bytes that they were.
        realm = self.realm.encode("latin-1")
        secret = self._hash(user.encode() + b":" + realm + b":" + password.encode())
        if self._is_session:
            secret = self._hash(f"{secret}:{self.nonce}:{client}".encode("latin-1"))
        what = f"GET:{target}"
        if self._qop == "auth-int":
            what = f"{what}:{self._hash(b'')}"  # a GET has no body
        middle = f"{count}:{client}:{self._qop}:" if self._qop else ""
        rest = f"{self.nonce}:{middle}{self._hash(what.encode('ascii'))}"
        proof = self._hash(f"{secret}:{rest}".encode("latin-1"))
        parts = [
            self._user(user),
            f'realm="{_quoted(self.realm)}"',
            f'nonce="{_quoted(self.nonce)}"',
            f'uri="{_quoted(target)}"',
            f"algorithm={self.algorithm}",
            f'response="{proof}"',
        ]
        if self._qop or self._is_session:
            parts.append(f'cnonce="{client}"')
        if self._qop:
            parts += [f"qop={self._qop}", f"nc={count}"]
        if self._opaque is not None:
            parts.append(f'opaque="{_quoted(self._opaque)}"')
        if self._hides_user:
            parts.append("userhash=true")
        return ("Digest " + ", ".join(parts)).encode("latin-1")

    def _user(self, user: str) -> str:
        """Return the name as the server wants it (RFC 7616 sections 3.4 and 3.4.4)."""
        if self._hides_user:
            hidden = self._hash(user.encode() + b":" + self.realm.encode("latin-1"))
            return f'username="{hidden}"'
        if user.isascii():
            return f'username="{_quoted(user)}"'
        return f"username*=UTF-8''{quote(user, safe='')}"


def _hasher(name: str) -> Callable[[bytes], str]:
    """Return bytes -> hex."""
    return lambda data: hashlib.new(name, data, usedforsecurity=False).hexdigest()


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
