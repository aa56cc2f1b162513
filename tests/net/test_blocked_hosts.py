"""A host that the settings block is not asked, on no hop (trap S12)."""

from __future__ import annotations

import pytest

from tests.net.scripted import Peer, serving
from tests.net.sinks import fetch
from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.domain.hosts import host_rule
from tui_dl.net.client import HttpClient
from tui_dl.net.request import HttpRequest


async def moved(peer: Peer) -> None:
    """Send everybody from 127.0.0.1 to localhost, and answer there."""
    while seen := await peer.request():
        host, _, port = (seen.one("host") or "").partition(":")
        if host == "127.0.0.1":
            there = f"Location: http://localhost:{port}/b"
            await peer.reply(b"moved", there, status="302 Found")
        else:
            await peer.reply(b"hello")


@pytest.mark.parametrize(
    ("allowed", "blocked", "code", "requests"),
    [
        ("", "127.0.0.1", ErrorCode.FORBIDDEN, 0),
        ("example.org", "", ErrorCode.FORBIDDEN, 0),
        ("", "localhost", ErrorCode.REDIRECT_REFUSED, 1),
        ("127.0.0.1", "", ErrorCode.REDIRECT_REFUSED, 1),
    ],
)
async def test_a_blocked_host_is_not_asked(
    client: HttpClient, allowed: str, blocked: str, code: ErrorCode, requests: int
) -> None:
    async with serving(moved) as server:
        request = HttpRequest(server.url("/a"), use_netrc=False, hosts=host_rule(allowed, blocked))
        with pytest.raises(TransferError) as caught:
            await client.open(request)
        assert caught.value.code is code
        assert not caught.value.retryable
        assert len(server.requests) == requests


async def test_without_a_rule_the_redirect_is_followed(client: HttpClient) -> None:
    async with serving(moved) as server:
        assert await fetch(client, server.url("/a")) == b"hello"
