"""Group R: ranges and identity (rows 1-18)."""

from __future__ import annotations

from functools import partial

from tests.support.fault_server import (
    after,
    cap,
    chunked_short,
    cut_at,
    gzip_always,
    ignore_range,
    multipart,
    no_content_range,
    no_validators,
    nth,
    off_by_one,
    ok_with_content_range,
    once,
    range_shift,
    raw_content_range,
    rotating_etag,
    rst_at,
    swap,
    swap_after_bytes,
    total_changes,
    total_star,
    unsatisfied,
    weak_etag,
    young_last_modified,
)
from tests.torture.scenario import KIB, MIB, SEVERAL, Scenario
from tui_dl.domain.model import Assurance

SURE = frozenset({Assurance.SINGLE_REPLY, Assurance.VALIDATOR})
FLAGGED = frozenset({Assurance.UNVERIFIED, Assurance.SINGLE_REPLY})
ONE = frozenset({Assurance.SINGLE_REPLY})

SCENARIOS = [
    Scenario(name="200 to every range", traps="H1 (1)", script=ignore_range, assurance=ONE),
    Scenario(
        name="200 from reply 3 on",
        traps="H1 (2)",
        script=lambda: after(2, ignore_range()),
        assurance=SURE,
        most_sent=2.1,
    ),
    Scenario(
        name="200 after a break",
        traps="H1 (2)",
        script=lambda: [rst_at(0.4), after(1, ignore_range())],
        assurance=SURE,
        most_sent=2.1,
    ),
    *(
        Scenario(
            name=f"206 shifted by {delta}",
            traps="H2 (3)",
            script=partial(after, 1, range_shift(delta)),
            assurance=SURE,
            most_sent=2.2,
        )
        for delta in (1, -1, -4096)
    ),
    Scenario(
        name="first 206 shifted by 1", traps="H2 (3)", script=lambda: range_shift(1), most_sent=2.2
    ),
    Scenario(
        name="206 without Content-Range",
        traps="H2 (4)",
        script=lambda: no_content_range,
        most_sent=2.2,
    ),
    Scenario(
        name="206 without Content-Range, later",
        traps="H2 (4)",
        script=lambda: after(1, no_content_range),
        most_sent=2.2,
    ),
    Scenario(
        name="malformed Content-Range",
        traps="H11 (4)",
        script=lambda: after(1, raw_content_range("bytes=0-9/10")),
        most_sent=2.2,
    ),
    Scenario(
        name="every reply capped at 64 KiB",
        traps="H3 (5)",
        script=lambda: cap(64 * KIB),
        resource={"size": 2 * MIB},
        assurance=SURE,
    ),
    Scenario(name="total is *", traps="H4 (6)", script=lambda: total_star, most_sent=2.2),
    Scenario(
        name="total is * from reply 2 on",
        traps="H4 (6)",
        script=lambda: after(1, total_star),
        assurance=SURE,
    ),
    Scenario(
        name="total changes once",
        traps="H4 (6)",
        script=lambda: nth(2, total_changes(7 * MIB)),
    ),
    Scenario(
        name="the first total was wrong",
        traps="H4 (6)",
        script=lambda: [nth(1, total_changes(7 * MIB)), once(cut_at(0.5))],
        most_sent=2.2,
    ),
    Scenario(
        name="416 with another size and the same tag, once",
        traps="H6 (8)",
        script=lambda: [rst_at(0.4), nth(2, unsatisfied("shrunk"))],
    ),
    Scenario(name="multipart to one range", traps="H5 (7)", script=multipart, most_sent=2.2),
    Scenario(
        name="multipart from reply 2 on",
        traps="H5 (7)",
        script=lambda: after(1, multipart()),
        most_sent=2.2,
    ),
    Scenario(name="416 naming the size", traps="H6 (8)", script=lambda: unsatisfied("complete")),
    Scenario(name="416 naming half", traps="H6 (8)", script=lambda: unsatisfied("shrunk")),
    Scenario(name="416 without a size", traps="H6 (8)", script=lambda: unsatisfied("bare")),
    Scenario(
        name="416 once in the middle",
        traps="H6 (8)",
        script=lambda: nth(2, unsatisfied("bare")),
        most_sent=2.2,
    ),
    Scenario(
        name="another version from reply 2 on",
        traps="H7 (9)",
        script=lambda: swap(2, seed=2),
        seed=2,
        assurance=SURE,
        most_sent=2.1,
    ),
    Scenario(
        name="another version in the middle",
        traps="H7 (9)",
        script=lambda: [rst_at(0.5), swap_after_bytes(3 * MIB, seed=2)],
        seed=2,
        assurance=SURE,
        most_sent=2.1,
    ),
    Scenario(
        name="another version, If-Range ignored",
        traps="H7 (10)",
        script=lambda: swap(2, seed=2, honours_if_range=False),
        seed=2,
        assurance=SURE,
        most_sent=2.1,
    ),
    Scenario(
        name="another version by date only",
        traps="H7 (10)",
        script=lambda: swap(2, seed=2, etag=None, honours_if_range=False),
        resource={**SEVERAL, "etag": None},
        seed=2,
        most_sent=2.1,
    ),
    Scenario(
        name="another, longer version",
        traps="H7 (9)",
        script=lambda: swap(2, seed=2, size=8 * MIB),
        seed=2,
        final_size=8 * MIB,
        most_sent=2.5,
    ),
    Scenario(
        name="another, shorter version",
        traps="H7 (9)",
        script=lambda: swap(2, seed=2, size=4 * MIB, honours_if_range=False),
        seed=2,
        final_size=4 * MIB,
        most_sent=3.5,
    ),
    Scenario(name="weak ETag", traps="H8 (12)", script=weak_etag, assurance=FLAGGED),
    Scenario(
        name="weak ETag, broken in the middle",
        traps="H8 (12)",
        script=lambda: [weak_etag(), rst_at(0.3, 0.6)],
        assurance=FLAGGED,
    ),
    Scenario(
        name="weak ETag that changes",
        traps="H8 (12)",
        script=lambda: [weak_etag(), swap(2, seed=2, etag='W/"v2"', last_modified=None)],
        seed=2,
        most_sent=2.2,
    ),
    Scenario(
        name="ETag rotates",
        traps="H8 (12)",
        script=rotating_etag,
        assurance=FLAGGED,
        most_sent=3.5,
    ),
    Scenario(
        name="ETag rotates, If-Range honoured",
        traps="H8 (12)",
        script=lambda: [rotating_etag(honours_if_range=True), rst_at(0.5)],
        assurance=FLAGGED,
        most_sent=4,
    ),
    Scenario(name="no validators", traps="H8 (13)", script=lambda: no_validators, assurance=ONE),
    Scenario(
        name="no validators, broken in the middle",
        traps="H8 (13)",
        script=lambda: [no_validators, rst_at(0.5)],
        assurance=frozenset({Assurance.UNVERIFIED}),
    ),
    Scenario(
        name="no validators, another version after the break",
        traps="H8 (13)",
        script=lambda: [
            swap_after_bytes(2 * MIB, seed=2, etag=None, last_modified=None),
            once(rst_at(0.5)),
        ],
        resource={**SEVERAL, "etag": None, "last_modified": None},
        seed=2,
        most_sent=2.1,
    ),
    Scenario(
        name="no version told after the break, other bytes",
        traps="H7 (10)",
        script=lambda: [
            swap(2, seed=2, etag=None, last_modified=None, honours_if_range=False),
            once(rst_at(0.5)),
        ],
        seed=2,
        most_sent=2.2,
    ),
    Scenario(
        name="no version told after the break, same bytes",
        traps="H7 (10)",
        script=lambda: [
            swap(2, seed=1, etag=None, last_modified=None, honours_if_range=False),
            once(rst_at(0.5)),
        ],
        assurance=frozenset({Assurance.UNVERIFIED}),
    ),
    Scenario(
        name="date too young to be strong",
        traps="H8 (12)",
        script=lambda: young_last_modified,
        assurance=FLAGGED,
        most_sent=4,
    ),
    Scenario(
        name="gzip although identity was asked",
        traps="H10 (15)",
        script=gzip_always,
        most_sent=None,
    ),
    Scenario(
        name="gzip that ends in the middle, once",
        traps="H10 (15)",
        script=lambda: [once(gzip_always(send_fraction=0.5)), after(1, gzip_always())],
        most_sent=None,
    ),
    Scenario(
        name="200 with a Content-Range",
        traps="H11",
        script=lambda: ok_with_content_range,
        most_sent=2.2,
    ),
    *(
        Scenario(
            name=f"one byte off: {kind}",
            traps="H12 (18)",
            script=partial(after, 1, off_by_one(kind)),
            most_sent=2.2,
        )
        for kind in ("end_plus", "end_minus", "label_plus", "length_minus")
    ),
    *(
        Scenario(name=f"{size} bytes", traps="H13 (16)", resource={"size": size})
        for size in (0, 1, 2, 256 * KIB - 1, 256 * KIB, 256 * KIB + 1)
    ),
    Scenario(
        name="chunked 206 that ends early",
        traps="H3 (26)",
        script=lambda: nth(1, chunked_short(MIB)),
        assurance=SURE,
    ),
    Scenario(
        name="each chunked 206 ends early",
        traps="H3 (26)",
        script=lambda: chunked_short(512 * KIB),
        assurance=SURE,
    ),
]
