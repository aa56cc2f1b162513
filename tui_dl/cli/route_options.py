"""The flags that say by which way servers are reached. Must not act on values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from tui_dl.cli import parse
from tui_dl.cli.login_options import LoginFlags
from tui_dl.cli.options import Command, Parsed, combined
from tui_dl.domain.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFlags(LoginFlags):
    """What ``route_options`` adds to a command."""

    proxy: str | None
    no_proxy: str | None
    interface: str | None
    ip_version: int | None
    resolve: tuple[str, ...]
    http2: bool | None


ROUTE_FLAGS = ("proxy", "no_proxy", "interface", "ip_version", "resolve", "http2")


def route_values(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of ``DownloadOptions`` out of the flags."""
    return {name: flags[name] for name in ROUTE_FLAGS}


def route_options(command: Command) -> Command:
    """Add the way: proxies, addresses, interface, IP version."""
    return combined(
        click.option(
            "--proxy",
            "--all-proxy",
            "proxy",
            metavar="URL",
            type=Parsed("URL", parse.proxy),
            help="Proxy for everything: http, https, socks5 or socks5h; '' is no proxy.",
        ),
        click.option(
            "--no-proxy",
            metavar="HOSTS",
            help="Hosts, domains and networks without a proxy, parted by commas.",
        ),
        click.option(
            "--interface",
            metavar="NAME",
            type=Parsed("NAME", parse.interface),
            help="Network interface, or address of this machine, to leave by.",
        ),
        click.option(
            "-4",
            "--ipv4",
            "--disable-ipv6",
            "ip_version",
            flag_value=4,
            type=int,
            help="IPv4 only.",
        ),
        click.option("-6", "--ipv6", "ip_version", flag_value=6, type=int, help="IPv6 only."),
        click.option(
            "--resolve",
            metavar="HOST:PORT:ADDRESS",
            multiple=True,
            type=Parsed("ENTRY", parse.resolve),
            help="Address in place of a look-up; may be given again.",
        ),
        click.option(
            "--http2/--no-http2",
            default=None,
            help="Offer HTTP/2 to https servers without a proxy; needs tui-dl[http2].",
        ),
    )(command)
