"""Refusals, redirects, expiring links and gates (H28-H38)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

from tests.support.fault_server import (
    FaultServer,
    Resource,
    SignedLinks,
    body_bytes,
    expiring_uses,
    html_page,
    no_validators,
    nth,
    redirect,
    redirect_hops,
    redirect_in_turn,
    redirect_loop,
    require_cookie,
    require_header,
    retry_after,
    set_cookie,
    status,
)
from tests.support_tests.raw_client import ask

FILE = Resource(path="/f", size=1000)


def test_a_status_has_no_trace_of_the_file(fault_server: FaultServer) -> None:
    fault_server.add(FILE, [status(403, [("X-Why", "no")], b"go away"), no_validators])
    reply = ask(fault_server, "/f", "Range: bytes=5-")
    assert (reply.status, reply.get("x-why"), reply.body) == (403, "no", b"go away")
    assert reply.get("content-length") == "7"
    for name in ("etag", "last-modified", "content-range", "accept-ranges"):
        assert reply.get(name) is None


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("seconds", "2"),
        ("zero", "0"),
        ("garbage", "soon-ish"),
        ("huge", "1000000000"),
        ("none", None),
    ],
)
def test_h28_retry_after(fault_server: FaultServer, form: str, value: str | None) -> None:
    fault_server.add(FILE, retry_after(form, 2, first=1))  # type: ignore[arg-type] # parametrized
    reply = ask(fault_server, "/f")
    assert (reply.status, reply.get("retry-after")) == (429, value)
    assert ask(fault_server, "/f").status == 200


@pytest.mark.parametrize(("form", "is_future"), [("date", True), ("past", False)])
def test_h28_retry_after_a_date(fault_server: FaultServer, form: str, is_future: bool) -> None:
    fault_server.add(FILE, retry_after(form, 60, 503))  # type: ignore[arg-type] # parametrized
    reply = ask(fault_server, "/f")
    assert reply.status == 503
    when = parsedate_to_datetime(reply.get("retry-after") or "")
    assert (when > datetime.now(UTC)) is is_future


def test_h36_a_page_in_the_middle(fault_server: FaultServer) -> None:
    fault_server.add(FILE, nth(2, html_page()))
    codes = [ask(fault_server, "/f", "Range: bytes=5-9") for _ in range(3)]
    assert [reply.status for reply in codes] == [206, 200, 206]
    assert codes[1].get("content-type") == "text/html; charset=utf-8"
    assert codes[1].body.startswith(b"<!doctype html>")


@pytest.mark.parametrize("location", ["/elsewhere", "file:///etc/passwd", b"/\xff\xfe", None])
def test_h30_redirects(fault_server: FaultServer, location: str | bytes | None) -> None:
    fault_server.add(FILE, redirect(location, 307))
    reply = ask(fault_server, "/f")
    assert reply.status == 307
    said = reply.get("location")
    raw = location.encode() if isinstance(location, str) else location
    assert (None if said is None else said.encode("latin-1")) == raw


def test_h30_a_loop(fault_server: FaultServer) -> None:
    fault_server.add(FILE, redirect_loop())
    assert ask(fault_server, "/f?a=1").get("location") == "/f?a=1"


def test_h30_hops(fault_server: FaultServer) -> None:
    fault_server.add(Resource(path="/hop/*"), redirect_hops("/f"))
    seen = ["/hop/2"]
    while seen[-1] != "/f":
        seen.append(ask(fault_server, seen[-1]).get("location") or "")
    assert seen == ["/hop/2", "/hop/1", "/hop/0", "/f"]


def test_h33_in_turn(fault_server: FaultServer) -> None:
    fault_server.add(FILE, redirect_in_turn(["/a", "/b"]))
    assert [ask(fault_server, "/f").get("location") for _ in range(3)] == ["/a", "/b", "/a"]


def test_h38_gates(fault_server: FaultServer) -> None:
    fault_server.add(FILE, require_cookie("pass", "1", otherwise=redirect("/gate")))
    fault_server.add(Resource(path="/gate"), set_cookie("pass", "1", "/f"))
    assert ask(fault_server, "/f").get("location") == "/gate"
    gate = ask(fault_server, "/gate")
    assert (gate.get("set-cookie"), gate.get("location")) == ("pass=1; Path=/", "/f")
    assert ask(fault_server, "/f", "Cookie: other=2; pass=1").status == 200
    fault_server.add(Resource(path="/key", size=1), require_header("X-Api-Key", "s"))
    assert ask(fault_server, "/key").status == 401
    assert ask(fault_server, "/key", "x-api-key: s").status == 200


def test_h29_a_signature_dies_after_its_share(fault_server: FaultServer) -> None:
    links = SignedLinks("/blob", 0.3)
    fault_server.add(Resource(path="/origin"), links.origin)
    fault_server.add(Resource(path="/blob", size=1000, chunk_bytes=50), links.target)
    assert ask(fault_server, "/blob").status == 403
    first = ask(fault_server, "/origin").get("location") or ""
    assert ask(fault_server, first, "Range: bytes=0-99").body == body_bytes(1, 0, 100)
    died = ask(fault_server, first, "Range: bytes=100-999")
    assert (died.status, len(died.body)) == (206, 200)
    refused = ask(fault_server, first, "Range: bytes=300-")
    assert (refused.status, refused.get("content-type")) == (403, "application/xml")
    second = ask(fault_server, "/origin").get("location") or ""
    assert ask(fault_server, second).body == body_bytes(1, 0, 1000)
    assert (links.issued, links.refused) == (2, 2)
    links.issues = False
    assert ask(fault_server, "/origin").status == 403


def test_h29_a_link_for_so_many_uses(fault_server: FaultServer) -> None:
    fault_server.add(FILE, expiring_uses(2))
    assert [ask(fault_server, "/f").status for _ in range(4)] == [200, 200, 403, 403]
