"""Group P: status and policy (rows 32-41), as far as one host shows it."""

from __future__ import annotations

from functools import partial
from typing import get_args

from tests.support.behaviours.policy import retry_after
from tests.support.fault_server import (
    Behaviour,
    Exchange,
    RetryAfterForm,
    Script,
    after,
    cap_connections,
    cut_at,
    cut_before_head,
    expiring_uses,
    first,
    html_page,
    nth,
    on_method,
    once,
    only_ranged,
    only_resumed,
    raw_reply,
    redirect,
    redirect_loop,
    right_digest,
    rst_before_head,
    stall_before_head,
    status,
    wrong_digest,
)
from tests.torture.scenario import KIB, SEVERAL, Scenario
from tui_dl.domain.errors import ErrorCode
from tui_dl.domain.model import Assurance, Digest

SMALL = {"size": 200 * KIB}


async def _short_text(x: Exchange) -> None:
    """200 under the old tag, with something else."""
    await x.status(200)
    x.reply.drop("content-range")
    x.reply.use_payload(b"try later", "text/plain")


def _once_after_a_break(code: int) -> Script:
    """Half of the file, then one answer that makes no sense."""
    return [nth(2, status(code)), once(cut_at(0.5))]


def _later_ranges(fault: Behaviour) -> Script:
    """Half of the file, then ``fault`` in place of each range that begins later."""
    return [only_resumed(fault), once(cut_at(0.5))]


SCENARIOS = [
    *(
        Scenario(
            name=f"429, Retry-After {form}",
            traps="H28 (32)",
            script=partial(retry_after, form, 1, first=1),
            resource=SMALL,
        )
        for form in get_args(RetryAfterForm)
        if form != "huge"
    ),
    Scenario(
        name="429, Retry-After of thirty years, once",
        traps="H28 (32)",
        script=partial(retry_after, "huge", 1, first=1),
        resource=SMALL,
    ),
    *(
        Scenario(
            name=f"{code} to any range",
            traps="H1",
            script=partial(only_ranged, status(code)),
            resource=SMALL,
            assurance=frozenset({Assurance.SINGLE_REPLY}),
        )
        for code in (400, 403, 405, 500, 501, 502, 503)
    ),
    *(
        Scenario(
            name=f"{name} in place of a reply to any range",
            traps="H1",
            script=partial(only_ranged, fault),
            resource=SMALL,
            config={"timeout_s": 1.0},
            assurance=frozenset({Assurance.SINGLE_REPLY}),
        )
        for name, fault in (
            ("silence", stall_before_head),
            ("reset", rst_before_head),
            ("close", cut_before_head),
            ("nonsense", raw_reply(b"nonsense\r\n\r\n")),
        )
    ),
    *(
        Scenario(
            name=f"{name} in place of a reply to any later range",
            traps="H1",
            script=partial(_later_ranges, fault),
            resource=SMALL,
            config={"timeout_s": 1.0},
            most_sent=2.1,
        )
        for name, fault in (
            ("silence", stall_before_head),
            ("reset", rst_before_head),
            ("500", status(500)),
        )
    ),
    *(
        Scenario(
            name=f"{what} six times",
            traps="H28",
            script=partial(first, 6, fault),
            resource=SMALL,
        )
        for what, fault in (
            ("429", status(429)),
            ("503", status(503)),
            ("520", status(520)),
            ("reset", rst_before_head),
        )
    ),
    *(
        Scenario(
            name=f"{code} once after a break",
            traps="H17",
            script=partial(_once_after_a_break, code),
            resource=SMALL,
        )
        for code in (204, 304, 400, 418)
    ),
    Scenario(
        name="412 to any later range",
        traps="H7",
        script=lambda: [cut_at(0.5), only_resumed(status(412))],
        resource=SMALL,
        config={"max_tries": 2},
        most_sent=2.1,
    ),
    Scenario(
        name="503, Retry-After",
        traps="H28 (32)",
        script=lambda: retry_after("seconds", 1, 503, first=2),
        resource=SMALL,
    ),
    *(
        Scenario(
            name=f"{how} above {most} connections",
            traps="H35 (33)",
            script=partial(cap_connections, most, how),
            resource={"size": 4 * 1024 * KIB, "rate_bps": 4 * 1024 * KIB},
        )
        for most in (1, 2, 4)
        for how in ("503", "rst", "429")
    ),
    *(
        Scenario(
            name=f"{code} three times",
            traps="H28",
            script=partial(first, 3, status(code)),
            resource=SMALL,
        )
        for code in (500, 502, 504, 520, 521)
    ),
    *(
        Scenario(
            name=f"{code} for good",
            traps="H29",
            script=partial(status, code),
            resource=SMALL,
            code=expected,
        )
        for code, expected in (
            (404, ErrorCode.NOT_FOUND),
            (403, ErrorCode.FORBIDDEN),
            (401, ErrorCode.NEEDS_LOGIN),
            (410, ErrorCode.NOT_FOUND),
            (418, ErrorCode.HTTP_STATUS),
        )
    ),
    Scenario(
        name="500 for good",
        traps="H28",
        script=lambda: status(500),
        resource=SMALL,
        config={"max_tries": 3},
        code=ErrorCode.HTTP_STATUS,
    ),
    Scenario(
        name="each link works once",
        traps="H29",
        script=lambda: expiring_uses(1, 410),
        resource={"size": 4 * 1024 * KIB, "rate_bps": 1024 * KIB},
    ),
    Scenario(
        name="the same tag, but a short text in place of the file",
        traps="H36",
        script=lambda: [after(1, _short_text), cut_at(0.5)],
        resource=SMALL,
        config={"max_tries": 2},
        code=ErrorCode.UNEXPECTED_CONTENT,
    ),
    Scenario(
        name="link expires for good",
        traps="H29 (35)",
        script=lambda: expiring_uses(1),
        resource={"size": 6 * 1024 * KIB, "rate_bps": 6 * 1024 * KIB},
    ),
    Scenario(
        name="redirect loop",
        traps="H30 (36)",
        script=redirect_loop,
        code=ErrorCode.TOO_MANY_REDIRECTS,
    ),
    Scenario(
        name="302 without Location",
        traps="H30 (36)",
        script=lambda: redirect(None),
        code=ErrorCode.PROTOCOL,
        config={"max_tries": 2},
    ),
    Scenario(
        name="redirect to file:",
        traps="H30 (36)",
        script=lambda: redirect("file:///etc/passwd"),
        code=ErrorCode.REDIRECT_REFUSED,
    ),
    Scenario(
        name="HEAD hangs",
        traps="H34 (39)",
        script=lambda: on_method("HEAD", stall_before_head),
    ),
    Scenario(
        name="login page in place of reply 2",
        traps="H36 (40)",
        script=lambda: nth(2, html_page()),
        resource=dict(SEVERAL),
    ),
    Scenario(
        name="login page with 511",
        traps="H36 (40)",
        script=lambda: first(2, html_page(511)),
        resource=SMALL,
    ),
    Scenario(
        name="wrong Repr-Digest",
        traps="H37 (41)",
        script=wrong_digest,
        resource=SMALL,
        code=ErrorCode.DIGEST_MISMATCH,
    ),
    Scenario(
        name="right Repr-Digest",
        traps="H37 (41)",
        script=right_digest,
        resource=SMALL,
        assurance=frozenset({Assurance.DIGEST}),
    ),
    Scenario(
        name="right Content-Digest of each part",
        traps="H37 (41)",
        script=lambda: right_digest("Content-Digest"),
    ),
    Scenario(
        name="digest of the user does not agree",
        traps="H37 (41)",
        resource=SMALL,
        options={"digests": (Digest("sha256", "0" * 64),)},
        code=ErrorCode.DIGEST_MISMATCH,
    ),
    Scenario(
        name="every later request refused",
        traps="H35",
        script=lambda: after(1, status(503)),
    ),
]
