"""Runs the fault server in the foreground for a person with curl or a browser."""

from __future__ import annotations

import argparse
import signal
from dataclasses import replace

from tests.support.behaviours.framing import chunked, close_delimited
from tests.support.behaviours.identity import no_validators, weak_etag
from tests.support.behaviours.network import cut_at, drip, rst_every, stall_at
from tests.support.behaviours.policy import html_page, retry_after
from tests.support.behaviours.ranges import cap, ignore_range
from tests.support.body import sha256_of
from tests.support.resource import Resource
from tests.support.server import FaultServer, Script

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_HASHED_AT_MOST = 1 << 30


def _size(text: str) -> int:
    """Read ``1500``, ``64K``, ``2M``, ``5G`` or ``1T`` (powers of two)."""
    digits = text.rstrip("KMGTkmgt")
    return int(digits) * _UNITS[text[len(digits) :].upper()]


_ROUTES: tuple[tuple[str, Script], ...] = (
    ("/file.bin", None),
    ("/one-stream.bin", ignore_range()),
    ("/capped.bin", cap(65536)),
    ("/cuts.bin", cut_at(*(n / 10 for n in range(1, 10)))),
    ("/resets.bin", rst_every(256 << 10)),
    ("/stalls.bin", stall_at(0.5)),
    ("/drips.bin", drip(1000)),
    ("/busy.bin", retry_after("seconds", 3, first=3)),
    ("/weak.bin", weak_etag()),
    ("/no-validators.bin", no_validators),
    ("/chunked.bin", chunked(hide_ranges=True)),
    ("/until-close.bin", close_delimited()),
    ("/page.bin", html_page()),
)


def main(argv: list[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.support.fault_server", description=__doc__
    )
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--size", type=_size, default=_size("64M"), help="such as 64M or 5G")
    parser.add_argument("--rate", type=_size, default=0, help="bytes/s of each connection, 0: all")
    parser.add_argument("--seed", type=int, default=1, help="which bytes")
    parser.add_argument("--latency", type=float, default=0, help="seconds before each reply")
    parser.add_argument("--no-ranges", action="store_true", help="ignore Range everywhere")
    options = parser.parse_args(argv)
    plain = Resource(
        path="",
        size=options.size,
        seed=options.seed,
        rate_bps=options.rate,
        latency_s=options.latency,
        accept_ranges=not options.no_ranges,
    )
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before the server's thread inherits it
    with FaultServer(port=options.port) as server:
        for path, script in _ROUTES:
            print(server.add(replace(plain, path=path), script), flush=True)
        if options.size <= _HASHED_AT_MOST:
            print(f"sha-256={sha256_of(options.seed, options.size)}", flush=True)
        signal.sigwait(ends)
    # Only a closed server has put everything on record.
    for record in server.requests():
        print(record)
