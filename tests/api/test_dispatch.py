"""Whose request it is: the order and the collisions of the shared port, pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_dl.api.dispatch import CLOSED_PREFIXES, SURGE_PATHS, choose_dialect
from tui_dl.api.facade import Dialect
from tui_dl.api.requests import query_pairs, query_value, segments_of, split_raw_path, with_segments
from tui_dl.api.surge.routes import EVENTS, ROUTES


def chosen(method: str, target: bytes) -> Dialect | None:
    raw_path, _, query = target.partition(b"?")
    scope = {"query_string": query}
    keys = frozenset(key for key, _ in query_pairs(scope))
    return choose_dialect(method, split_raw_path(raw_path), keys)


S, A, J, F, N = Dialect.SURGE, Dialect.ARIA2, Dialect.JOBS, Dialect.FILES, Dialect.NATIVE


@pytest.mark.parametrize(
    ("line", "dialect"),
    [
        ("GET /health", S),
        ("GET /list", S),
        ("GET /list/", S),
        ("GET //list", S),
        ("GET /%6Cist", S),
        ("GET /list/more", F),
        ("GET /download?id=1", S),
        ("POST /download", S),
        ("POST /download?download=x", S),
        ("GET /download?download=http://h/f", F),
        ("GET /download?id=1&download=http://h/f", S),
        ("GET /history", S),
        ("GET /history?downloads=", F),
        ("GET /history?download_history=", F),
        ("GET /pause", S),
        ("DELETE /pause", S),
        ("POST /rate-limit/global", S),
        ("POST /rate-limit/other", F),
        ("GET /events", S),
        ("POST /jsonrpc", A),
        ("GET /jsonrpc?method=m&id=1", A),
        ("GET /jsonrpc?download=x", A),
        ("POST /rpc", A),
        ("GET /v1/jobs/queue", J),
        ("GET /%76%31/jobs/queue", J),
        ("GET /v1?download=x", J),
        ("GET /%2Fv1?download=http://h/f", F),
        ("GET /%2Fv1", F),
        ("GET /v1%2Fjobs", F),
        ("GET /api/v1/downloads", F),
        ("GET /tui-dl/snapshot", N),
        ("GET /tui-dl?download=x", N),
        ("GET /", None),
        ("POST /", None),
        ("GET /?downloads=", F),
        ("GET /?download_history=&download_history=", F),
        ("GET /Downloads?download=&download=http%3A%2F%2Fh%2Ff", F),
        ("GET /%2Fhome%2Fuser?download=http://h/f", F),
        ("GET /..%2F..?download=http://h/f", F),
        ("GET /unknown", F),
        ("PUT /unknown", F),
    ],
)
def test_each_request_line_has_one_owner(line: str, dialect: Dialect | None) -> None:
    method, target = line.split(" ")
    assert chosen(method, target.encode()) is dialect


def test_every_surge_route_is_known_to_the_dispatcher_and_no_other() -> None:
    assert {*ROUTES, EVENTS} == SURGE_PATHS


def test_no_surge_route_lies_below_a_closed_prefix() -> None:
    assert not {path[0] for path in SURGE_PATHS} & CLOSED_PREFIXES.keys()


def test_an_encoded_slash_is_no_border() -> None:
    assert split_raw_path(b"/%2Fv1/a%2Fb//c") == ("/v1", "a/b", "c")
    assert split_raw_path(b"/%ff") == ("\udcff",)


@given(st.lists(st.text(min_size=1), max_size=4))
def test_a_router_cannot_be_misled_by_the_path(pieces: list[str]) -> None:
    segments = tuple(piece for piece in pieces if not any(0xD800 <= ord(c) < 0xE000 for c in piece))
    scope = with_segments({"type": "http", "raw_path": b"/"}, segments)
    assert segments_of(scope) == segments
    assert split_raw_path(scope["path"].encode("ascii")) == segments


def test_the_last_value_that_is_not_empty_counts() -> None:
    scope = {"query_string": b"download=&download=a&download=b+c&download="}
    assert query_value(scope, "download") == "b c"
    assert query_value({"query_string": b"download=&download="}, "download") == ""
    assert query_value({"query_string": b"x=1"}, "download") is None
