"""Digest logins: the answers of RFC 7616, nonces that run out, and who gets none (H31)."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.net.scripted import Peer, Seen, serving
from tests.net.sinks import fetch
from tui_dl.net.client import HttpClient
from tui_dl.net.digest_login import choose_digest, parse_challenges
from tui_dl.net.request import HttpRequest

RFC_FIELDS = (
    'realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC_CLIENT = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_the_rfc(algorithm: str, response: str) -> None:
    """RFC 7616 section 3.9.1."""
    session = choose_digest(parse_challenges([f"Digest {RFC_FIELDS.format(algorithm)}"]))

    assert session is not None
    answer = session.answer("Mufasa", "Circle of Life", "/dir/index.html", RFC_CLIENT).decode()
    assert f'response="{response}"' in answer
    assert "nc=00000001" in answer
    assert 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' in answer


def test_the_strongest_of_several_challenges() -> None:
    fields = [
        'Basic realm="a, Digest b", Digest ' + RFC_FIELDS.format("MD5"),
        "Digest " + RFC_FIELDS.format("SHA-256") + ", Negotiate abc==",
        'Digest realm="x", nonce="y", algorithm=UNHEARD-OF',
    ]

    challenges = parse_challenges(fields)
    session = choose_digest(challenges)

    assert session is not None
    assert session.algorithm == "SHA-256"
    assert [challenge.scheme for challenge in challenges[:3]] == ["basic", "digest", "digest"]
    assert challenges[0].fields["realm"] == "a, Digest b"


@pytest.mark.parametrize(
    "field", ["", "Basic", 'Digest realm="x"', "Digest nonce", 'Digest nonce="n", qop="odd"', '="']
)
def test_challenges_that_cannot_be_answered(field: str) -> None:
    assert choose_digest(parse_challenges([field])) is None


def test_names_beyond_ascii_and_hidden_names() -> None:
    plain = choose_digest(parse_challenges(['Digest realm="r", nonce="n"']))
    hidden = choose_digest(parse_challenges(['Digest realm="r", nonce="n", userhash=true']))

    assert plain is not None
    assert hidden is not None
    assert b"username*=UTF-8''J%C3%A4s" in plain.answer("Jäs", "pw", "/")
    answer = hidden.answer("Jäs", "pw", "/")
    assert b"J" not in answer.partition(b",")[0].removeprefix(b"Digest ")
    assert answer.endswith(b"userhash=true")


class Gate:
    """A server that wants Digest, and says when a nonce has run out."""

    def __init__(self, *, uses: int = 1000, says_next: bool = False, says_stale: bool = True):
        self._uses = uses
        self._says_next = says_next
        self._says_stale = says_stale
        self._left = {"n0": uses}
        self.refused = 0

    async def __call__(self, peer: Peer) -> None:
        while seen := await peer.request():
            if self._is_good(seen):
                nonce = f"n{len(self._left)}"
                info = []
                if self._says_next:
                    self._left[nonce] = self._uses
                    info = [f'Authentication-Info: nextnonce="{nonce}"']
                await peer.reply(b"hello", *info)
                continue
            self.refused += 1
            nonce = f"n{len(self._left)}"
            self._left[nonce] = self._uses
            known = 'nonce="n' in (seen.one("authorization") or "")
            stale = ", stale=true" if known and self._says_stale else ""
            await peer.reply(
                b"no",
                f'WWW-Authenticate: Digest realm="r", qop="auth", nonce="{nonce}"{stale}',
                status="401 No",
            )

    def _is_good(self, seen: Seen) -> bool:
        field = seen.one("authorization") or ""
        told = dict(re.findall(r'(\w+)="?([^",]*)"?', field))
        if not field.startswith("Digest ") or self._left.get(told["nonce"], 0) < 1:
            return False
        self._left[told["nonce"]] -= 1
        session = choose_digest(
            parse_challenges([f'Digest realm="r", qop="auth", nonce="{told["nonce"]}"'])
        )
        assert session is not None
        for _ in range(int(told["nc"], 16)):
            right = session.answer("me", "pw", seen.target, told["cnonce"]).decode()
        return field == right


def wanted(url: str, password: str = "pw", *, waits: bool = False) -> HttpRequest:
    return HttpRequest(
        url,
        http_user="me",
        http_password=password,
        waits_for_challenge=waits,
        use_netrc=False,
    )


async def test_one_question_for_many_requests(client: HttpClient) -> None:
    gate = Gate()
    async with serving(gate) as server:
        await fetch(client, wanted(server.url("/a?b=1")))
        bodies = await asyncio.gather(*(fetch(client, wanted(server.url(f"/{n}"))) for n in "1234"))

    assert bodies == [b"hello"] * 4
    assert gate.refused == 1
    assert len(server.requests) == 6


@pytest.mark.parametrize("says_stale", [True, False])
async def test_a_nonce_that_ran_out(client: HttpClient, says_stale: bool) -> None:
    gate = Gate(uses=1, says_stale=says_stale)
    async with serving(gate) as server:
        for _ in range(3):
            assert await fetch(client, wanted(server.url())) == b"hello"

    assert gate.refused == 3


async def test_the_next_nonce_is_taken(client: HttpClient) -> None:
    gate = Gate(uses=1, says_next=True)
    async with serving(gate) as server:
        for _ in range(4):
            assert await fetch(client, wanted(server.url())) == b"hello"

    assert gate.refused == 1


async def test_a_wrong_password_is_not_tried_for_ever(client: HttpClient) -> None:
    gate = Gate(says_stale=False)
    async with serving(gate) as server:
        for _ in range(2):
            reply = await client.open(wanted(server.url(), "wrong"))
            assert reply.status == 401
            await reply.aclose()

    assert len(server.requests) == 4


async def test_a_server_that_is_never_content(client: HttpClient) -> None:
    async with serving(Gate(uses=0)) as server:
        reply = await client.open(wanted(server.url()))
        assert reply.status == 401
        await reply.aclose()

    assert len(server.requests) == 4


async def test_the_password_is_not_shown_before_the_question(client: HttpClient) -> None:
    gate = Gate()
    async with serving(gate) as server:
        assert await fetch(client, wanted(server.url(), waits=True)) == b"hello"

    sent = [seen.one("authorization") or "" for seen in server.requests]
    assert sent[0] == ""
    assert sent[1].startswith("Digest ")


async def test_basic_when_it_is_asked_for(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        while seen := await peer.request():
            if seen.one("authorization") is None:
                await peer.reply(b"", 'WWW-Authenticate: Basic realm="r"', status="401 No")
            else:
                await peer.reply(b"hello")

    async with serving(script) as server:
        for _ in range(2):
            assert await fetch(client, wanted(server.url(), waits=True)) == b"hello"

    assert len(server.requests) == 3


async def test_another_host_gets_no_answer(client: HttpClient) -> None:
    """H31: a redirect to a host that asks for the same realm learns nothing."""
    gate = Gate()
    async with serving(gate) as other:

        async def script(peer: Peer) -> None:
            while await peer.request():
                await peer.reply(b"", f"Location: {other.url()}", status="302 Found")

        async with serving(script) as first:
            reply = await client.open(wanted(first.url()))
            assert reply.status == 401
            await reply.aclose()

    assert [seen.one("authorization") for seen in other.requests] == [None]
