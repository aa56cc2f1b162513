"""Where a redirect may lead (traps H30 and H32, S12). Decisions only, no I/O.

Owns the refusals. Must not send anything. Names are judged when they have been looked up,
through ``PeerGuard``; what a proxy looks up for us is out of sight.
"""

from __future__ import annotations

from collections.abc import Callable

from tui_dl.domain.errors import ErrorCode, TransferError, UsageError
from tui_dl.domain.hosts import HostRule
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.urls import ParsedUrl, resolve_redirect
from tui_dl.net.addresses import METADATA, IPAddress, Scope, parse_address, scope_of
from tui_dl.net.reply import Reply

FOLLOWED = frozenset({301, 302, 303, 307, 308})
NOT_MODIFIED = 304

Classify = Callable[[IPAddress], Scope]


def next_url(reply: Reply, base: ParsedUrl, *, conditional: bool) -> ParsedUrl | None:
    """Return where ``reply`` sends us, or ``None`` when it is an answer.

    A 3xx is never data; 304 is an answer to a ``conditional`` request only.

    Raises:
        TransferError: REDIRECT_REFUSED or PROTOCOL.
    """
    if not 300 <= reply.status < 400 or (reply.status == NOT_MODIFIED and conditional):
        return None
    where = f"{base.host}:{base.port}"
    if reply.status not in FOLLOWED:
        raise TransferError(
            f"{where} answered {reply.status}, which is no download.",
            code=ErrorCode.HTTP_STATUS,
            retryable=False,
            http_status=reply.status,
        )
    location = reply.headers.get("location")
    if location is None:
        raise TransferError(
            f"{where} redirects without saying where.",
            code=ErrorCode.PROTOCOL,
            http_status=reply.status,
        )
    try:
        url = resolve_redirect(base, location)
    except UsageError as error:
        raise refused(f"{where} redirects to a place that cannot be used. {error}") from error
    if base.scheme == "https" and url.scheme != "https":
        raise refused(f"{where} redirects from https to http, which would give up encryption.")
    return url


def check_host(rule: HostRule, url: ParsedUrl, *, is_redirect: bool) -> None:
    """Refuse a host that whoever asked for the download may not reach.

    Raises:
        TransferError: REDIRECT_REFUSED; for a URL that the user gave, FORBIDDEN.
    """
    if rule.allows(url.host):
        return
    raise TransferError(
        f"The host {url.host} is blocked by the settings.",
        code=ErrorCode.REDIRECT_REFUSED if is_redirect else ErrorCode.FORBIDDEN,
        retryable=False,
    )


def refused(message: str) -> TransferError:
    """Make the error of a redirect that is not followed."""
    return TransferError(message, code=ErrorCode.REDIRECT_REFUSED, retryable=False)


@dataclass(frozen=True, slots=True)
class PeerGuard:
    """Judges the IP address of a peer before the connection is made or used again."""

    floor: Scope = Scope.LOOPBACK
    """The nearest scope that is allowed."""
    is_redirect: bool = False
    classify: Classify = scope_of

    def __call__(self, peer: str) -> None:
        """Return if ``peer`` may be talked to.

        Raises:
            TransferError: REDIRECT_REFUSED; for a URL that the user gave, FORBIDDEN.
        """
        address = parse_address(peer)
        if address is None:
            return
        if address == METADATA:
            raise TransferError(
                f"{address} gives out this machine's own credentials; nothing is fetched there.",
                code=ErrorCode.REDIRECT_REFUSED if self.is_redirect else ErrorCode.FORBIDDEN,
                retryable=False,
            )
        if self.classify(address) < self.floor:
            raise refused(f"The redirect leads into a private network, to {address}.")

    def after(self, peer: str, *, may_narrow: bool) -> PeerGuard:
        """Return the guard for the hop that ``peer`` sends us to.

        Unless it ``may_narrow``, that hop may not be nearer to us than ``peer`` is.
        """
        address = parse_address(peer)
        floor = self.floor
        if not may_narrow and address is not None:
            floor = self.classify(address)
        return PeerGuard(floor, is_redirect=True, classify=self.classify)
