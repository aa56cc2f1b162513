"""Which Authorization goes along: the user's logins, and what servers asked for (H31).

Owns who gets a login and in which form. Must not send anything. What one server asked for
is remembered for its origin and that login alone.
"""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from tui_dl.domain.urls import ParsedUrl
from tui_dl.net.netrc_book import NetrcBook
from tui_dl.net.reply import ReplyHeaders
from tui_dl.net.request import HttpRequest, Origin

if TYPE_CHECKING:
    from tui_dl.net.digest_login import DigestSession

Login = tuple[bytes, bytes]
"""User and password."""

MOST_QUESTIONS = 3
"""How often one request may be asked for a login: a nonce that ran out twice is enough."""


class LoginBook:
    """The user's netrc files, and what each server wants. Belongs to one client."""

    def __init__(self, netrc: NetrcBook | None = None) -> None:
        """``netrc``: the file for requests that name none."""
        self._netrc = NetrcBook() if netrc is None else netrc
        self._named: dict[str, NetrcBook] = {}
        self._wanted: dict[tuple[Origin, Login], DigestSession | None] = {}
        """``None``: the server asked for Basic."""

    def authorization(
        self, request: HttpRequest, url: ParsedUrl, *, is_owner: bool
    ) -> bytes | None:
        """Return the field for a request to ``url``, or ``None``.

        The token of the request comes first, then its user, then the URL's own, then netrc.
        Basic goes along unasked (RFC 7617 section 2.2), unless the request wants otherwise.
        """
        if is_owner and request.bearer:
            return b"Bearer " + request.bearer.encode("ascii")
        login = self._login(request, url, is_owner=is_owner)
        if login is None:
            return None
        key = (url.origin, login)
        session = self._wanted.get(key)
        if session is not None:
            return session.answer(_text(login[0]), _text(login[1]), url.target)
        if request.waits_for_challenge and key not in self._wanted:
            return None
        return b"Basic " + b64encode(login[0] + b":" + login[1])

    def learn(
        self,
        request: HttpRequest,
        url: ParsedUrl,
        headers: ReplyHeaders,
        *,
        is_owner: bool,
        sent: bytes | None,
        questions: int,
    ) -> bool:
        """Take up the challenge of a 401; ``True``: ask again, the answer will be another.

        ``sent`` is the Authorization that was refused, ``questions`` counts earlier ones.
        """
        login = self._login(request, url, is_owner=is_owner)
        if login is None or questions >= MOST_QUESTIONS or (is_owner and request.bearer):
            return False
        if sent is not None and not sent.startswith((b"Basic ", b"Digest ")):
            return False  # the user's own field
        from tui_dl.net.digest_login import choose_digest, parse_challenges

        challenges = parse_challenges(headers.get_all("www-authenticate"))
        session = choose_digest(challenges)
        key = (url.origin, login)
        if session is not None:
            # A digest under a nonce of this very request was refused: the login is wrong.
            # One under a remembered nonce may only have been too old.
            was_digest = sent is not None and sent.startswith(b"Digest ")
            if was_digest and questions > 0 and not session.is_stale:
                return False
            self._wanted[key] = session
            return True
        if sent is None and any(challenge.scheme == "basic" for challenge in challenges):
            self._wanted[key] = None
            return True
        return False

    def note_reply(
        self, request: HttpRequest, url: ParsedUrl, headers: ReplyHeaders, *, is_owner: bool
    ) -> None:
        """Take the next nonce out of Authentication-Info (RFC 7616 section 3.5)."""
        if not self._wanted:
            return
        info = headers.get("authentication-info")
        login = None if info is None else self._login(request, url, is_owner=is_owner)
        session = None if login is None else self._wanted.get((url.origin, login))
        if session is None or info is None:
            return
        from tui_dl.net.digest_login import parse_challenges

        for challenge in parse_challenges([f"info {info}"]):
            if "nextnonce" in challenge.fields:
                session.renew(challenge.fields["nextnonce"])

    def _login(self, request: HttpRequest, url: ParsedUrl, *, is_owner: bool) -> Login | None:
        if is_owner and request.http_user is not None:
            return request.http_user.encode(), (request.http_password or "").encode()
        if url.userinfo is not None:
            user, _, password = url.userinfo.partition(":")
            return unquote_to_bytes(user), unquote_to_bytes(password)
        if request.use_netrc:
            found = self._book(request.netrc_file).look_up(url.host)
            if found is not None:
                return found[0].encode(), found[1].encode()
        return None

    def _book(self, path: str | None) -> NetrcBook:
        if path is None:
            return self._netrc
        book = self._named.get(path)
        if book is None:
            book = self._named[path] = NetrcBook(Path(os.path.expanduser(path)))  # noqa: PTH111 - str in
        return book


def _text(raw: bytes) -> str:
    """Return what was typed; bytes of a URL that are no UTF-8 stand for Latin-1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
