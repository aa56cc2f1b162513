"""Where the bytes of one download come from: its URL, and where that led.

Owns the request of each worker and the re-resolving of links that expire. Must not
send anything.
"""

from __future__ import annotations

import asyncio
from dataclasses import field
from http.cookiejar import CookieJar

from tui_dl.domain.hosts import host_rule
from tui_dl.domain.model import DownloadOptions, Source, Validators
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.routes import ProxyPlan, Route
from tui_dl.domain.urls import parse_url
from tui_dl.engine.config import EngineConfig
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsOptions

LONGEST_HEAD_S = 30.0
"""From having a connection to the end of the final head (trap H21)."""


@dataclass(slots=True)
class LinkSource:
    """One URL with its options; ``resolved_url`` is where its redirects led last."""

    url: str
    options: DownloadOptions
    config: EngineConfig
    origin: Source
    cookies: CookieJar
    secrets_for: str
    """The URL that headers, credentials and referer were given for: a mirror gets none."""
    resolved_url: str | None = None
    validators: Validators = Validators()
    """What a mirror said of its version when it joined; unused for the first link."""
    resolving: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while redirects are followed, so that all workers share one answer (trap H29)."""
    named_by: str | None = None
    """Address of the server that named this link, as a redirect would; ``None``: a user did."""
    resolved_again: bool = False
    """The original URL was asked a second time since bytes last moved."""

    @property
    def current_url(self) -> str:
        """What workers ask now: where the redirects led, or the link itself."""
        return self.resolved_url or self.url

    @property
    def host(self) -> str:
        """Host and port that workers talk to."""
        parsed = parse_url(self.current_url)
        return parsed.host_port

    @property
    def gate_key(self) -> tuple[str, int]:
        """Host and port whose gate counts the connections."""
        parsed = parse_url(self.current_url)
        return parsed.host, parsed.port

    def request(
        self,
        start: int | None,
        end: int | None,
        validators: Validators,
        head_timeout_s: float = LONGEST_HEAD_S,
        *,
        head_only: bool = False,
    ) -> HttpRequest:
        """Return the request for bytes ``start``..``end`` (half-open; ``None`` to the end).

        ``start`` ``None`` asks for the whole file without a Range header. If-Range goes
        along with a strong validator (RFC 9110 section 13.1.5).
        """
        options, config = self.options, self.config
        return HttpRequest(
            url=self.current_url,
            headers=options.headers,
            headers_origin=parse_url(self.secrets_for).origin,
            range_start=start,
            range_end=end,
            if_range=None if start is None else validators.strong,
            user_agent=options.user_agent or config.user_agent,
            referer=options.referer,
            http_user=options.http_user,
            http_password=options.http_password,
            proxy=options.proxy,
            no_proxy=options.no_proxy,
            http2=config.http2 if options.http2 is None else options.http2,
            proxy_plan=ProxyPlan(config.no_proxy, config.proxy_rules, config.proxy),
            route=Route(
                options.interface or config.interface,
                options.ip_version or config.ip_version,
                (*options.resolve, *config.resolve),
            ),
            tls=self._tls,
            connect_timeout_s=options.connect_timeout_s or config.connect_timeout_s,
            head_timeout_s=min(head_timeout_s, self.timeout_s),
            private_redirects_allowed=self.origin is Source.LOCAL,
            hosts=host_rule(options.allowed_hosts, options.blocked_hosts),
            cookies=self.cookies,
            named_by=self.named_by,
            use_netrc=options.use_netrc and config.use_netrc,
            netrc_file=options.netrc_file or config.netrc_file,
            bearer=options.bearer,
            waits_for_challenge=options.auth_challenge,
            head_only=head_only,
        )

    @property
    def _tls(self) -> TlsOptions:
        """How to check a server, and who we are; a certificate and its key come as a pair."""
        options, config = self.options, self.config
        own: DownloadOptions | EngineConfig = options if options.certificate else config
        return TlsOptions(
            ca_certificate=options.ca_certificate or config.ca_certificate,
            check=options.check_certificate and config.check_certificate,
            certificate=own.certificate,
            private_key=own.private_key,
            private_key_password=options.private_key_password,
        )

    @property
    def timeout_s(self) -> float:
        """Longest silence, in seconds."""
        return self.options.timeout_s or self.config.timeout_s

    @property
    def has_own_timeout(self) -> bool:
        """Whether the user said how long a silence may be: then it is that long."""
        return self.options.timeout_s is not None

    def beside(self, url: str, named_by: str | None) -> LinkSource:
        """Return the link of a mirror, or a document, that the server at ``named_by`` names."""
        return LinkSource(
            url,
            self.options,
            self.config,
            self.origin,
            self.cookies,
            secrets_for=self.secrets_for,
            named_by=named_by,
        )

    def note_reply(self, url: str) -> None:
        """Remember where redirects led: later workers go there directly (trap H33)."""
        self.resolved_url = url

    def note_break(self, *, has_moved: bool) -> None:
        """Everything stopped. Bytes had moved: an expired link may be resolved again.

        Else the place that the redirects led to is perhaps dead, and others are not (H33).
        """
        if has_moved:
            self.resolved_again = False
        else:
            self.resolved_url = None

    def may_resolve_again(self) -> bool:
        """Go back to the original URL, once for all workers (trap H29)."""
        if self.resolved_again:
            return False
        self.resolved_again = True
        self.resolved_url = None
        return True
