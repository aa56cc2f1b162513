"""When a behaviour applies. Each function returns a behaviour that asks before it acts."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.support.exchange import Exchange
from tests.support.server import Behaviour


async def honour(x: Exchange) -> None:
    """Answer as a correct server does, without the behaviours that follow."""
    await x.deliver()


def when(applies: Callable[[Exchange], bool], *behaviours: Behaviour) -> Behaviour:
    """Run ``behaviours`` in order when ``applies``; the first one that sends ends the row."""

    async def run(x: Exchange) -> None:
        if applies(x):
            for behaviour in behaviours:
                await behaviour(x)
                if x.begun:
                    return

    return run


def chain(*behaviours: Behaviour) -> Behaviour:
    """Run several faults on one reply."""
    return when(lambda x: True, *behaviours)


def nth(k: int, *behaviours: Behaviour) -> Behaviour:
    """Only the ``k``-th request of the path, from 1."""
    return when(lambda x: x.nth == k, *behaviours)


def first(k: int, *behaviours: Behaviour) -> Behaviour:
    """Only the first ``k`` requests of the path."""
    return when(lambda x: x.nth <= k, *behaviours)


def after(k: int, *behaviours: Behaviour) -> Behaviour:
    """Only requests after the ``k``-th."""
    return when(lambda x: x.nth > k, *behaviours)


def every(k: int, *behaviours: Behaviour) -> Behaviour:
    """Each ``k``-th request."""
    return when(lambda x: x.nth % k == 0, *behaviours)


def on_connection(k: int, *behaviours: Behaviour) -> Behaviour:
    """Only the ``k``-th connection that asked for this path, from 1."""
    return when(lambda x: x.connection_nth == k, *behaviours)


def only_ranged(*behaviours: Behaviour) -> Behaviour:
    """Only requests with a Range header."""
    return when(lambda x: x.request.header("range") is not None, *behaviours)


def only_resumed(*behaviours: Behaviour) -> Behaviour:
    """Only requests for a range that starts past the first byte."""
    return when(lambda x: x.range is not None and x.range[0] > 0, *behaviours)


def on_method(method: str, *behaviours: Behaviour) -> Behaviour:
    """Only requests with this method."""
    return when(lambda x: x.request.method == method, *behaviours)


def once(*behaviours: Behaviour) -> Behaviour:
    """Only the first request that gets here."""
    spent = False

    def applies(x: Exchange) -> bool:
        nonlocal spent
        was, spent = spent, True
        return not was

    return when(applies, *behaviours)


def randomly(probability: float, seed: int, *behaviours: Behaviour) -> Behaviour:
    """A share of the requests, drawn from a seeded generator."""
    draws = random.Random(seed)
    return when(lambda x: draws.random() < probability, *behaviours)
