"""The downloads of a soak: a size, a server's fault, and what bytes are right.

Draws from a seed; must not download.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from tests.support.body import check_file
from tests.support.fault_server import (
    Behaviour,
    FaultServer,
    Resource,
    cap_connections,
    chunked,
    close_after_reply,
    close_delimited,
    cut_before_head,
    every,
    ignore_range,
    no_validators,
    randomly,
    retry_after,
    rst_every,
    slow_first_byte,
    status,
    swap_after_bytes,
    weak_etag,
)

KIB = 1024
_SECOND_VERSION = 1_000_000
"""Added to the seed of a file whose second version a server changes to."""
SIZES = (0, 1, 700, 64 * KIB, 900 * KIB, 3072 * KIB)
LARGER = (1024 * KIB, 4096 * KIB, 9216 * KIB)
"""Sizes that a kill finds under way."""


@dataclass(frozen=True, slots=True)
class Case:
    """One download of a round."""

    url: str
    seeds: tuple[int, ...]
    size: int
    fault: str

    @property
    def name(self) -> str:
        """Name of its file."""
        return self.url.rpartition("/")[2]

    def is_right(self, path: Path) -> bool:
        """Whether a file is one version of it, to the byte."""
        for seed in self.seeds:
            try:
                check_file(path, seed, self.size)
            except AssertionError:
                continue
            return True
        return False


def draw_case(
    server: FaultServer,
    draws: random.Random,
    path: str,
    sizes: tuple[int, ...] = SIZES,
    rates_bps: tuple[int, ...] = (0, 0, 2048 * KIB),
) -> Case:
    """Put a file of drawn size, rate and fault on the server."""
    seed, size = draws.randint(1, 10**6), draws.choice(sizes)
    word, script = draws.choice(_scripts(draws, seed))
    seeds = (seed, seed + _SECOND_VERSION) if word == "changes" else (seed,)
    rate_bps = draws.choice(rates_bps)
    url = server.add(Resource(path=path, size=size, seed=seed, rate_bps=rate_bps), script)
    return Case(url, seeds, size, word)


def _scripts(draws: random.Random, seed: int) -> list[tuple[str, list[Behaviour]]]:
    """Give every kind of fault with fresh parameters; each ends well for who goes on."""
    some = draws.uniform(0.1, 0.4)
    return [
        ("honest", []),
        ("resets", [rst_every(draws.randint(20 * KIB, 600 * KIB))]),
        ("no head", [randomly(some, seed, cut_before_head)]),
        ("busy", [randomly(some, seed, retry_after("zero"))]),
        ("errors", [randomly(some, seed, status(draws.choice([500, 502, 503, 520])))]),
        ("slow start", [randomly(some, seed, slow_first_byte(draws.uniform(0.1, 0.5)))]),
        ("few connections", [cap_connections(draws.randint(1, 3))]),
        ("whole only", [ignore_range(), every(2, close_after_reply())]),
        ("chunked", [chunked()]),
        ("until the end", [close_delimited()]),
        ("weak", [weak_etag(), rst_every(500 * KIB)]),
        ("nameless", [no_validators]),
        ("changes", [swap_after_bytes(draws.randint(0, 2048 * KIB), seed + _SECOND_VERSION)]),
    ]
