"""One HTTP client for a remote engine: requests, errors as ours, and a stream of events.

Must not know what the paths mean.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx

from tui_dl.domain.errors import ErrorCode, StateError, TransferError, TuiDlError
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.service.remote_sse import SseDecoder, SseFrame
from tui_dl.storage.unix_socket import short_path

CONNECT_S = 5.0
ANSWER_S = 30.0
_LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=4)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply: status and body."""

    status: int
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether the server did what was asked."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as one line of text, cut after a thousand characters."""
        return " ".join(self.body[:4000].decode("utf-8", "replace").split())[:1000]


class RemoteHttp:
    """Requests to one base URL with one bearer token."""

    def __init__(self, base_url: str, token: str | None, unix_socket: Path | None = None) -> None:
        """``base_url`` is ``http://host:port``; with a socket only its host is shown, to it."""
        self.base_url = base_url.rstrip("/")
        self._way = contextlib.ExitStack()
        transport = None
        if unix_socket is not None:
            way = self._way.enter_context(short_path(unix_socket.parent, unix_socket.name))
            transport = httpx.AsyncHTTPTransport(uds=str(way), limits=_LIMITS, trust_env=False)
        headers = {"accept-encoding": "identity"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        self._client = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            # A proxy of the environment must not see the token on its way to this machine.
            trust_env=not _is_loopback(httpx.URL(self.base_url).host),
            follow_redirects=False,
            limits=_LIMITS,
            transport=transport,
        )

    async def close(self) -> None:
        """Let go of all connections. Idempotent."""
        await self._client.aclose()
        self._way.close()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and return the reply, whatever its status but 401.

        Raises:
            TransferError: nobody answered.
            StateError: the token was refused.
        """
        sent = dict(headers or {})
        if body is not None:
            sent["content-type"] = "application/json"
        with self._errors():
            reply = await self._client.request(
                method, self.base_url + path, params=query, json=json, content=body, headers=sent
            )
        self._check_login(reply.status_code)
        return Answer(reply.status_code, reply.content)

    @contextlib.asynccontextmanager
    async def events(self, path: str, silence_s: float) -> AsyncIterator[AsyncIterator[SseFrame]]:
        """Open a stream of events; it fails when nothing at all comes for ``silence_s``.

        Raises:
            TransferError: nobody answered, the stream broke off or fell silent.
            StateError: the token was refused.
        """
        timeout = httpx.Timeout(silence_s, connect=CONNECT_S)
        headers = {"accept": "text/event-stream", "cache-control": "no-cache"}
        with self._errors():
            async with self._client.stream(
                "GET", self.base_url + path, headers=headers, timeout=timeout
            ) as reply:
                self._check_login(reply.status_code)
                if reply.status_code != 200:
                    raise self._unreachable(f"it answered {reply.status_code} to {path}")
                yield self._frames(reply)

    async def _frames(self, reply: httpx.Response) -> AsyncIterator[SseFrame]:
        decoder = SseDecoder()
        with self._errors():
            async for piece in reply.aiter_raw():
                for frame in decoder.feed(piece):
                    yield frame
        raise self._unreachable("it ended the connection")

    @contextlib.contextmanager
    def _errors(self) -> Any:
        try:
            yield
        except httpx.HTTPError as error:
            raise self._unreachable(str(error) or type(error).__name__) from error
        except ValueError as error:
            raise self._unreachable(str(error)) from error

    def _check_login(self, status: int) -> None:
        if status == 401:
            raise StateError(
                f"The engine at {self.base_url} refuses the token.", code=ErrorCode.NEEDS_LOGIN
            )

    def _unreachable(self, why: str) -> TuiDlError:
        return TransferError(
            f"The engine at {self.base_url} cannot be reached: {why}.",
            code=ErrorCode.CONNECT_FAILED,
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
