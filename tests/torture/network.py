"""Group N: framing and transport (rows 19-27)."""

from __future__ import annotations

from functools import partial

from tests.support.fault_server import (
    Behaviour,
    Exchange,
    Script,
    after,
    bad_length,
    bare_line_feeds,
    chunked,
    chunked_cut,
    close_after_reply,
    close_delimited,
    conflicting_length,
    cut_at,
    cut_before_head,
    drip_one,
    early_hints_flood,
    first,
    header_bomb,
    ignore_range,
    junk_after_body,
    length_and_chunked,
    length_off,
    negative_length,
    nth,
    once,
    one_connection_stalls,
    repeated_length,
    rst_before_head,
    rst_every,
    slow_first_byte,
    slow_headers,
    stall_at,
    stall_before_head,
    status_line,
    transfer_encoding,
)
from tests.torture.scenario import KIB, MIB, SEVERAL, Scenario
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Assurance

PATIENT = {"timeout_s": 1.0}
"""Short waits, so that a stall is noticed within the test's time."""


def _crawl_at(share: float) -> Behaviour:
    """Send the end of a reply so slowly that it would take hours."""

    async def slow_down(x: Exchange) -> None:
        await x.drip(5)

    async def run(x: Exchange) -> None:
        x.reply.breaks.append((int(share * x.reply.length), slow_down))

    return run


def _length_off_once(off: int, *, ranges: bool) -> Script:
    """One whole reply with a wrong length, then honest ones under the same tag."""
    whole, wrong = ignore_range(), length_off(off)
    return once(whole, wrong) if ranges else [whole, once(wrong)]


SCENARIOS = [
    Scenario(
        name="cut at each tenth",
        traps="H17 (19)",
        script=lambda: cut_at(*(n / 10 for n in range(1, 10))),
        most_sent=1.03,
    ),
    Scenario(
        name="reset every 256 KiB",
        traps="H18 (20)",
        script=lambda: rst_every(256 * KIB),
        resource={"size": 4 * MIB},
        most_sent=1.5,
    ),
    Scenario(
        name="stall at 99 %",
        traps="H19 (21)",
        script=lambda: stall_at(0.99),
        config=PATIENT,
        deadline_s=10,
    ),
    Scenario(
        name="a small file stalls",
        traps="H19 (21)",
        script=lambda: stall_at(0.5),
        resource={"size": 100_000},
        config=PATIENT,
        deadline_s=10,
    ),
    Scenario(
        name="the only connection falls silent",
        traps="H19 (21)",
        script=lambda: once(stall_at(0.5)),
        resource={"size": 300_000},
        options={"connections": 1},
        config={"timeout_s": 60.0},
    ),
    Scenario(
        name="the only connection ends at 5 B/s",
        traps="H20 (22)",
        script=lambda: once(_crawl_at(0.9)),
        resource={"size": 100_000},
    ),
    Scenario(
        name="one connection at 1 B/s",
        traps="H20 (22)",
        script=lambda: drip_one(1, 1),
        # 1.02 on a quiet machine. Each reply whose second half a newcomer takes has up to a
        # receive buffer under way when it is left: 1.15 with 5 times more work than processors.
        most_sent=1.25,
        deadline_s=20,
    ),
    Scenario(
        name="one connection stalls",
        traps="H19",
        script=lambda: one_connection_stalls(2, 1000),
        deadline_s=10,
    ),
    Scenario(
        name="head drips",
        traps="H21 (23)",
        script=lambda: slow_headers(10),
        config=PATIENT | {"max_tries": 2},
        code=ErrorCode.TIMEOUT,
        deadline_s=15,
    ),
    Scenario(
        name="103 flood",
        traps="H21 (23)",
        script=early_hints_flood,
        config=PATIENT | {"max_tries": 2},
        code=ErrorCode.PROTOCOL,
        deadline_s=15,
    ),
    Scenario(name="a few 103", traps="H24", script=lambda: early_hints_flood(103, 3, 0.001)),
    Scenario(
        name="header bomb",
        traps="H21 (23)",
        script=header_bomb,
        config={"max_tries": 2},
        code=ErrorCode.PROTOCOL,
    ),
    Scenario(
        name="two different lengths",
        traps="H15 (24)",
        script=lambda: conflicting_length,
        config={"max_tries": 2},
        code=ErrorCode.PROTOCOL,
    ),
    Scenario(
        name="two equal lengths",
        traps="H15 (24)",
        script=lambda: repeated_length,
        resource={"size": 3 * MIB},
    ),
    Scenario(
        name="negative length",
        traps="H15 (24)",
        script=lambda: negative_length,
        config={"max_tries": 2},
        code=ErrorCode.PROTOCOL,
    ),
    Scenario(
        name="Content-Length: 12abc",
        traps="H15 (24)",
        script=bad_length,
        config={"max_tries": 2},
        code=ErrorCode.PROTOCOL,
    ),
    Scenario(
        name="length and chunked",
        traps="H15 (24)",
        script=lambda: length_and_chunked,
        config={"max_tries": 2},
        code=ErrorCode.PROTOCOL,
    ),
    Scenario(
        name="Transfer-Encoding: gzip, chunked",
        traps="H15 (24)",
        script=transfer_encoding,
        config={"max_tries": 2},
        code=ErrorCode.PROTOCOL,
    ),
    Scenario(
        name="length ten too high",
        traps="H15",
        script=lambda: length_off(10),
        config={"max_tries": 2},
        code=ErrorCode.RANGE_MISMATCH,
        most_sent=None,
    ),
    *(
        Scenario(
            name=f"length {off:+} once{how}",
            traps="H15",
            script=partial(_length_off_once, off, ranges=ranges),
            resource={"size": 200 * KIB, **tags},
            most_sent=2.1,
        )
        for off in (5, -5)
        for how, ranges, tags in (
            ("", True, {}),
            (", no ranges", False, {}),
            (", no ranges, no tag", False, {"etag": None}),
        )
    ),
    Scenario(
        name="a whole reply that goes on behind its length, once",
        traps="H12 (18)",
        script=lambda: [ignore_range(), once(length_off(-1))],
        resource={"size": 200 * KIB},
        most_sent=2.1,
    ),
    Scenario(
        name="a whole reply that goes on behind its length, always",
        traps="H12 (18)",
        script=lambda: [ignore_range(), length_off(-1)],
        resource={"size": 200 * KIB},
        code=ErrorCode.RESOURCE_CHANGED,
        most_sent=None,
    ),
    Scenario(name="junk after the body", traps="H12", script=lambda: junk_after_body(b"junk" * 9)),
    Scenario(
        name="chunked without a length",
        traps="H16 (25)",
        script=lambda: chunked(hide_ranges=True),
        assurance=frozenset({Assurance.SINGLE_REPLY}),
    ),
    Scenario(
        name="ended by close",
        traps="H16 (25)",
        script=close_delimited,
        assurance=frozenset({Assurance.UNVERIFIED}),
    ),
    Scenario(
        name="HTTP/1.0, ended by close",
        traps="H16 (25)",
        script=lambda: close_delimited(http_10=True),
        assurance=frozenset({Assurance.UNVERIFIED}),
    ),
    Scenario(
        name="chunked, cut twice",
        traps="H17 (25)",
        script=lambda: [chunked(hide_ranges=True), first(2, chunked_cut(MIB))],
        resource={"size": 2 * MIB},
        most_sent=2.5,
    ),
    Scenario(
        name="closed after each reply",
        traps="H22 (27)",
        script=lambda: close_after_reply(0.02),
    ),
    Scenario(
        name="no reply at the third request",
        traps="H22 (27)",
        script=lambda: nth(3, cut_before_head),
    ),
    Scenario(
        name="reset in place of two replies",
        traps="H35",
        script=lambda: first(2, rst_before_head),
    ),
    Scenario(
        name="silence in place of a reply",
        traps="H19",
        script=lambda: nth(1, stall_before_head),
        config=PATIENT,
    ),
    Scenario(name="bare line feeds", traps="H24", script=lambda: bare_line_feeds),
    Scenario(
        name="ICY status line",
        traps="H24",
        script=lambda: status_line(b"ICY 200 OK"),
        config={"max_tries": 2},
        code=ErrorCode.PROTOCOL,
    ),
    Scenario(
        name="slow first byte",
        traps="H19",
        script=lambda: slow_first_byte(0.3),
        resource={**SEVERAL},
    ),
    Scenario(
        name="chunked ranges",
        traps="H16",
        script=lambda: after(1, chunked()),
    ),
]
