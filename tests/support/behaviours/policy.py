"""Answers that are no file: errors, redirects, expiring links, gates. Traps H28-H38.

These send at once, so behaviours after them in a script do not touch the refusal.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from email.utils import formatdate
from typing import Literal
from urllib.parse import parse_qs

from tests.support.exchange import Exchange
from tests.support.server import Behaviour

Headers = Iterable[tuple[str, str | bytes]]


def status(
    code: int, headers: Headers = (), body: bytes = b"refused\n", content_type: str = "text/plain"
) -> Behaviour:
    """Answer with this status and a small body of its own."""
    extra = list(headers)

    async def run(x: Exchange) -> None:
        reply = x.reply
        await x.status(code)
        reply.drop("accept-ranges", "etag", "last-modified")
        reply.use_payload(body, content_type)
        for name, value in extra:
            reply.add(name, value)
        await x.deliver()

    return run


RetryAfterForm = Literal["seconds", "date", "zero", "past", "garbage", "huge", "none"]


def retry_after(
    form: RetryAfterForm = "seconds", seconds: int = 1, code: int = 429, first: int | None = None
) -> Behaviour:
    """429 or 503 with Retry-After in one of its forms, for the ``first`` requests (H28)."""

    async def run(x: Exchange) -> None:
        if first is not None and x.nth > first:
            return
        values = {
            "seconds": str(seconds),
            # Dates have whole seconds: round up, or the wait would come out too short.
            "date": formatdate(int(time.time()) + 1 + seconds, usegmt=True),
            "zero": "0",
            "past": formatdate(time.time() - 3600, usegmt=True),
            "garbage": "soon-ish",
            "huge": "1000000000",
        }
        headers = [] if form == "none" else [("Retry-After", values[form])]
        await status(code, headers, b"slow down\n")(x)

    return run


def html_page(code: int = 200, words: str = "please log in") -> Behaviour:
    """An HTML page instead of the file (H36)."""
    page = f"<!doctype html>\n<html><body><h1>{words}</h1></body></html>\n".encode()
    return status(code, (), page, "text/html; charset=utf-8")


def redirect(location: str | bytes | None, code: int = 302, headers: Headers = ()) -> Behaviour:
    """3xx to ``location``; ``None`` leaves the field out (H30)."""
    where = [] if location is None else [("Location", location)]
    return status(code, [*where, *headers], b"<a>moved</a>\n", "text/html")


def redirect_loop(code: int = 302) -> Behaviour:
    """3xx to the same target, for ever (H30)."""

    async def run(x: Exchange) -> None:
        await redirect(x.request.target, code)(x)

    return run


def redirect_hops(final: str, code: int = 302) -> Behaviour:
    """For a ``/name/*`` resource: ``/name/3`` goes to ``/name/2``, ``/name/0`` to ``final``."""

    async def run(x: Exchange) -> None:
        stem, _, number = x.path.rpartition("/")
        left = int(number)
        await redirect(f"{stem}/{left - 1}" if left else final, code)(x)

    return run


def redirect_in_turn(locations: Sequence[str], code: int = 302) -> Behaviour:
    """Each request goes to the next of ``locations`` (H33)."""

    async def run(x: Exchange) -> None:
        await redirect(locations[(x.nth - 1) % len(locations)], code)(x)

    return run


def require_header(name: str, value: str, otherwise: Behaviour | None = None) -> Behaviour:
    """Serve only requests whose header ``name`` has exactly ``value``; else 401."""

    async def run(x: Exchange) -> None:
        if x.request.header(name) != value:
            await (otherwise or status(401))(x)

    return run


def require_cookie(name: str, value: str, otherwise: Behaviour | None = None) -> Behaviour:
    """Serve only requests that carry this cookie; else 403 (H38)."""

    async def run(x: Exchange) -> None:
        pairs = (x.request.header("cookie") or "").split(";")
        if f"{name}={value}" not in {pair.strip() for pair in pairs}:
            await (otherwise or status(403))(x)

    return run


def set_cookie(name: str, value: str, location: str, attributes: str = "Path=/") -> Behaviour:
    """302 to ``location`` that sets a cookie on the way: the gate's other half (H38)."""
    return redirect(location, 302, [("Set-Cookie", f"{name}={value}; {attributes}")])


S3_EXPIRED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>\n"
)


class SignedLinks:
    """An origin that hands out signed links and a target whose signatures die (H29).

    A signature dies once ``after_fraction`` of the file has left under it; replies under way
    are then cut. The first ``deaths`` signatures die, later ones live for ever. Put ``origin``
    and ``target`` as scripts at two paths.
    """

    def __init__(
        self, target_url: str, after_fraction: float, *, code: int = 403, deaths: int = 1
    ) -> None:
        self.issued = 0
        """Signatures handed out so far."""
        self.refused = 0
        """Requests turned away with a dead or unknown signature."""
        self.issues = True
        """Off: the origin refuses as well."""
        self._target_url = target_url
        self._after_fraction = after_fraction
        self._code = code
        self._deaths = deaths
        self._sent: dict[int, int] = {}

    async def origin(self, x: Exchange) -> None:
        """Redirect to the target with a fresh signature."""
        if not self.issues:
            await status(self._code, (), S3_EXPIRED, "application/xml")(x)
            return
        self.issued += 1
        self._sent[self.issued] = 0
        await redirect(f"{self._target_url}?sig={self.issued}")(x)

    async def target(self, x: Exchange) -> None:
        """Serve the file while the signature in the query lives."""
        given = parse_qs(x.request.query).get("sig", ["0"])[0]
        signature = int(given) if given.isdigit() else 0
        if not self._is_alive(signature, x):
            self.refused += 1
            await status(self._code, (), S3_EXPIRED, "application/xml")(x)
            return
        counted = 0

        def count() -> None:
            nonlocal counted
            self._sent[signature] += x.sent - counted
            counted = x.sent

        async def look(x: Exchange, sent: int) -> None:
            count()
            if not self._is_alive(signature, x):
                await x.cut()

        x.on_end.append(count)
        x.reply.watches.append(look)

    def _is_alive(self, signature: int, x: Exchange) -> bool:
        if signature not in self._sent:
            return False
        if signature > self._deaths:
            return True
        return self._sent[signature] < self._after_fraction * x.resource.length


def expiring_uses(uses: int, code: int = 403) -> Behaviour:
    """Serve ``uses`` requests, then refuse for good (a link that may be used so often)."""

    async def run(x: Exchange) -> None:
        if x.nth > uses:
            await status(code, (), S3_EXPIRED, "application/xml")(x)

    return run
