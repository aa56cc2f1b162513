"""What a link leads to, before anything is fetched: one HEAD, no body, nothing is kept.

HEAD and not GET: a link that works once must still work when the download starts.
Must not change records or files.
"""

from __future__ import annotations

from datetime import UTC, datetime

from tui_dl.domain.content_disposition import parse_content_disposition
from tui_dl.domain.errors import Failure, TuiDlError
from tui_dl.domain.model import AddRequest, Validators
from tui_dl.domain.names import choose_name
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.urls import parse_url
from tui_dl.engine.config import EngineConfig
from tui_dl.engine.cookie_file import load_cookies
from tui_dl.engine.source import LinkSource
from tui_dl.net.client import HttpClient
from tui_dl.net.reply import Reply
from tui_dl.net.status import error_for_status

LONGEST_WAIT_S = 10.0
"""For the answer: somebody looks at a dialog."""
NO_HEAD = frozenset({403, 404, 405, 501})
"""What servers say that know GET alone: of the file it says nothing."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The name that the file would get, and its size if the server tells."""

    name: str
    total_bytes: int | None = None
    failure: Failure | None = None


async def look_at(request: AddRequest, client: HttpClient, config: EngineConfig) -> Seen:
    """Ask where a request leads. What cannot be reached is a failure beside the URL's name.

    Raises:
        UsageError: the URL or an option is wrong.
    """
    parse_url(request.url)
    options = request.options
    cookies = load_cookies(options.cookie_file)
    source = LinkSource(
        request.url, options, config, request.source, cookies, secrets_for=request.url
    )
    asked = source.request(None, None, Validators(), LONGEST_WAIT_S, head_only=True)
    try:
        reply = await client.open(asked)
    except TuiDlError as error:
        return Seen(_name(request, None), failure=error.failure())
    try:
        if reply.status in NO_HEAD:
            return Seen(_name(request, None))
        if reply.status >= 400:
            host = parse_url(reply.url).host_port
            refusal = error_for_status(reply.status, reply.headers, host, datetime.now(UTC))
            return Seen(_name(request, None), failure=refusal.failure())
        is_coded = reply.headers.get("content-encoding") not in (None, "identity")
        return Seen(_name(request, reply), None if is_coded else reply.content_length)
    finally:
        await reply.aclose()


def _name(request: AddRequest, reply: Reply | None) -> str:
    dispositions = [] if reply is None else reply.headers.raw("content-disposition")
    return choose_name(
        wanted=request.options.out,
        disposition=parse_content_disposition(dispositions[0]) if dispositions else None,
        url_target=parse_url(request.url).target,
        content_type=None if reply is None else reply.headers.get("content-type"),
        fallback="download",
    )
