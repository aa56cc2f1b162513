"""Connections that end, stop or crawl: traps H17-H22, H35 and stragglers."""

from __future__ import annotations

import asyncio

from tests.support.exchange import Exchange
from tests.support.resource import Action
from tests.support.server import Behaviour


async def _cut(x: Exchange) -> None:
    await x.cut()


async def _reset(x: Exchange) -> None:
    await x.rst()


async def _stall(x: Exchange) -> None:
    await x.stall()


def _break_at(sent_bytes: int, action: Action) -> Behaviour:
    async def run(x: Exchange) -> None:
        x.reply.breaks.append((sent_bytes, action))

    return run


def cut_after(sent_bytes: int) -> Behaviour:
    """FIN after that many body bytes of each reply; the head promised more (H17)."""
    return _break_at(sent_bytes, _cut)


def rst_every(sent_bytes: int) -> Behaviour:
    """RST after that many body bytes of each reply (H18)."""
    return _break_at(sent_bytes, _reset)


def stall_after(sent_bytes: int) -> Behaviour:
    """Nothing more after that many body bytes of each reply, until the client leaves (H19)."""
    return _break_at(sent_bytes, _stall)


def _at_fractions(fractions: tuple[float, ...], action: Action) -> Behaviour:
    """Act once at each fraction of the resource, in whichever reply gets there first."""
    left = set(fractions)

    async def run(x: Exchange) -> None:
        for fraction in sorted(left):
            offset = int(x.resource.length * fraction)
            if not x.reply.start <= offset < x.reply.end:
                continue

            async def act(x: Exchange, fraction: float = fraction) -> None:
                if fraction in left:
                    left.discard(fraction)
                    await action(x)

            x.reply.breaks.append((offset - x.reply.start, act))
        x.reply.breaks.sort(key=lambda entry: entry[0])

    return run


def cut_at(*fractions: float) -> Behaviour:
    """FIN once at each of these fractions of the resource (row 19)."""
    return _at_fractions(fractions, _cut)


def rst_at(*fractions: float) -> Behaviour:
    """RST once at each of these fractions of the resource."""
    return _at_fractions(fractions, _reset)


def stall_at(*fractions: float) -> Behaviour:
    """Stall for ever once at each of these fractions of the resource (row 21)."""
    return _at_fractions(fractions, _stall)


def pause_at(fraction: float, seconds: float) -> Behaviour:
    """Silence for ``seconds`` once at this fraction, then go on."""

    async def pause(x: Exchange) -> None:
        await x.stall(seconds)

    return _at_fractions((fraction,), pause)


def drip(rate_bps: float) -> Behaviour:
    """Body at this rate (H20); wrap in ``on_connection`` for one slow segment."""

    async def run(x: Exchange) -> None:
        await x.drip(rate_bps)

    return run


def drip_one(connection_nth: int = 1, rate_bps: float = 1) -> Behaviour:
    """Body at ``rate_bps`` on one connection of the path only (row 22)."""

    async def run(x: Exchange) -> None:
        if x.connection_nth == connection_nth:
            await x.drip(rate_bps)

    return run


def stragglers(every_nth: int, rate_bps: float) -> Behaviour:
    """Body at ``rate_bps`` on each ``every_nth`` connection."""

    async def run(x: Exchange) -> None:
        if x.connection_nth % every_nth == 0:
            await x.drip(rate_bps)

    return run


def one_connection_stalls(connection_nth: int, sent_bytes: int = 0) -> Behaviour:
    """Silence on one connection of the path after ``sent_bytes``; the others are well."""

    async def run(x: Exchange) -> None:
        if x.connection_nth == connection_nth:
            x.reply.breaks.append((sent_bytes, _stall))

    return run


def slow_first_byte(seconds: float) -> Behaviour:
    """Wait before the reply head."""

    async def run(x: Exchange) -> None:
        x.reply.latency_s += seconds

    return run


async def stall_before_head(x: Exchange) -> None:
    """Never answer (H34 for HEAD, H19)."""
    await x.stall()


async def cut_before_head(x: Exchange) -> None:
    """FIN instead of a reply: a keep-alive connection that died (H22)."""
    await x.cut()


async def rst_before_head(x: Exchange) -> None:
    """RST instead of a reply (H35)."""
    await x.rst()


def close_after_reply(delay_s: float = 0.05, *, announced: bool = False) -> Behaviour:
    """FIN some time after each complete reply; unannounced it races the next request (H22)."""

    async def run(x: Exchange) -> None:
        x.reply.closes, x.reply.close_delay_s = True, delay_s
        if announced:
            x.header("Connection", "close")

    return run


def cap_connections(most: int, how: str = "503", retry_after: str | None = None) -> Behaviour:
    """Serve ``most`` requests of this path at once; more get 503, 429 or ``rst`` (H35)."""
    serving = 0

    async def run(x: Exchange) -> None:
        nonlocal serving
        for _ in range(10):
            await asyncio.sleep(0)  # clients that have left already make room first
        if serving < most:
            serving += 1

            def leave() -> None:
                nonlocal serving
                serving -= 1

            x.on_end.append(leave)
        elif how == "rst":
            await x.rst()
        else:
            x.reply.use_payload(b"too many connections\n", "text/plain")
            if retry_after is not None:
                x.header("Retry-After", retry_after)
            await x.status(int(how))
            await x.deliver()

    return run


def slow_headers(rate_bps: float = 10) -> Behaviour:
    """Reply head byte by byte (H21)."""

    async def run(x: Exchange) -> None:
        x.reply.head_rate_bps = rate_bps

    return run


def early_hints_flood(
    status: int = 103, count: int | None = None, pause_s: float = 0.005
) -> Behaviour:
    """Interim replies before the real one, without end when ``count`` is ``None`` (H21, H24)."""

    async def run(x: Exchange) -> None:
        sent = 0
        while count is None or sent < count:
            line = f"HTTP/1.1 {status} Hint\r\nLink: </a>; rel=preload\r\n\r\n"
            await x.send_raw(line.encode())
            sent += 1
            await asyncio.sleep(pause_s)
        await x.deliver()

    return run


def header_bomb(size_bytes: int = 4 << 20, line_bytes: int = 8000) -> Behaviour:
    """A reply head with ``size_bytes`` of junk headers before the real ones (H21)."""

    async def run(x: Exchange) -> None:
        filler = "x" * line_bytes
        junk = [(f"X-Junk-{n}", filler) for n in range(size_bytes // line_bytes + 1)]
        x.reply.headers[:0] = junk

    return run
