"""The settings: one dataclass per section, one rule per field.

Owns names, defaults, ranges and the sentence that explains each field. Must not read
or write files: that is ``store.py``. A field's rule is all that a settings screen,
the loader and ``--set`` need to know about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum

from tui_dl.domain.categories import parse_categories
from tui_dl.domain.host_limits import parse_host_limits
from tui_dl.domain.retry_rules import parse_retry_rules
from tui_dl.domain.schedule import parse_schedule

Value = bool | int | float | str


class Kind(StrEnum):
    """What a value is, and how its text form is read."""

    FLAG = "flag"
    COUNT = "count"
    SECONDS = "seconds"
    SIZE = "size"
    """Bytes, or bytes per second; ``"2M"`` is understood."""
    TEXT = "text"
    PATH = "path"
    CHOICE = "choice"
    WORDS = "words"
    """A command: a list of words in the file, or one text with words quoted as in a shell."""
    KEYS = "keys"
    """Pairs of a name and keys: ``NAME=KEY`` parted by blanks, in the file also a table."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field accepts. ``low`` and ``high`` are both allowed values."""

    kind: Kind
    about: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    read: Callable[[str], object] | None = None
    """Raises ``UsageError`` for a text that is none of its language."""


def _rule(
    kind: Kind,
    about: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    read: Callable[[str], object] | None = None,
) -> dict[str, Rule]:
    return {"rule": Rule(kind, about, low, high, choices, read)}


@dataclass(frozen=True, slots=True)
class Downloads:
    """How files are fetched."""

    directory: str = field(
        default="",
        metadata=_rule(Kind.PATH, "Folder of the app's new downloads; empty is the system's own."),
    )
    slots: int = field(
        default=3, metadata=_rule(Kind.COUNT, "Downloads that run at once.", low=1, high=100)
    )
    connections: int = field(
        default=16, metadata=_rule(Kind.COUNT, "Most connections to one host.", low=1, high=64)
    )
    limit: int = field(
        default=0,
        metadata=_rule(
            Kind.SIZE, "Bytes per second of all downloads together; 0 is unlimited.", low=0
        ),
    )
    limit_each: int = field(
        default=0,
        metadata=_rule(
            Kind.SIZE, "Bytes per second of each download that names none; 0 is unlimited.", low=0
        ),
    )
    max_tries: int = field(
        default=5,
        metadata=_rule(
            Kind.COUNT, "Tries in a row without progress; 0 is endless.", low=0, high=10_000
        ),
    )
    timeout_s: float = field(
        default=30.0,
        metadata=_rule(Kind.SECONDS, "Longest silence on a connection.", low=1, high=3600),
    )
    connect_timeout_s: float = field(
        default=15.0,
        metadata=_rule(Kind.SECONDS, "Longest wait for a connection.", low=1, high=600),
    )
    retry_max_s: float = field(
        default=60.0,
        metadata=_rule(Kind.SECONDS, "Longest pause between two tries.", low=1, high=86_400),
    )
    min_free: int = field(
        default=0,
        metadata=_rule(Kind.SIZE, "Space that stays free: below it downloads pause.", low=0),
    )
    remote_time: bool = field(
        default=False,
        metadata=_rule(Kind.FLAG, "Give finished files the server's date."),
    )
    mark_origin: bool = field(
        default=False,
        metadata=_rule(
            Kind.FLAG, "Note in extended attributes of finished files where they came from."
        ),
    )
    resume: bool = field(
        default=True,
        metadata=_rule(Kind.FLAG, "Run again at start what ran at the last stop."),
    )


@dataclass(frozen=True, slots=True)
class Queue:
    """When downloads run, and how patient they are."""

    schedule: str = field(
        default="",
        metadata=_rule(
            Kind.TEXT,
            "Limits by the time of day, the last rule that fits wins: "
            "23:00-07:00 full; 07:00-23:00 1M; mon-fri 09:00-17:00 pause.",
            read=parse_schedule,
        ),
    )
    hosts: str = field(
        default="",
        metadata=_rule(
            Kind.TEXT,
            "What single hosts may: example.org slots=1 limit=2M; *.example.net limit=500k.",
            read=parse_host_limits,
        ),
    )
    retries: str = field(
        default="",
        metadata=_rule(
            Kind.TEXT,
            "Tries for a class of errors, such as dns=20 busy=0; 0 is endless.",
            read=parse_retry_rules,
        ),
    )


@dataclass(frozen=True, slots=True)
class After:
    """What happens to files that are done."""

    categories: str = field(
        default="",
        metadata=_rule(
            Kind.TEXT,
            "Where files of the default folder go by their names: "
            "films = *.mkv *.mp4 -> ~/Films; images = *.iso -> /srv/images.",
            read=parse_categories,
        ),
    )
    unpack: bool = field(
        default=False,
        metadata=_rule(
            Kind.FLAG, "Unpack archives (zip, tar) that are done into a folder of their own."
        ),
    )
    on_complete: str = field(
        default="",
        metadata=_rule(
            Kind.WORDS, "Program to run when a download is done, and its words; no shell."
        ),
    )
    on_failure: str = field(
        default="",
        metadata=_rule(Kind.WORDS, "Program to run when a download failed for good."),
    )
    hook_timeout_s: float = field(
        default=60.0,
        metadata=_rule(Kind.SECONDS, "Longest run of such a program.", low=1, high=86_400),
    )


@dataclass(frozen=True, slots=True)
class Network:
    """How the net is reached."""

    proxy: str = field(
        default="",
        metadata=_rule(
            Kind.TEXT,
            "Proxy for everything; empty lets http_proxy, https_proxy and no_proxy decide.",
        ),
    )
    proxy_rules: str = field(
        default="",
        metadata=_rule(
            Kind.TEXT,
            "Proxies by host, parted by blanks, such as *.corp=socks5://p:1080 10.0.0.0/8=direct.",
        ),
    )
    no_proxy: str = field(
        default="",
        metadata=_rule(Kind.TEXT, "Hosts, domains and networks without a proxy, parted by commas."),
    )
    interface: str = field(
        default="",
        metadata=_rule(
            Kind.TEXT, "Network interface, or address of this machine, to leave by; empty is any."
        ),
    )
    ip_version: str = field(
        default="both",
        metadata=_rule(Kind.CHOICE, "IP version: both, 4 or 6.", choices=("both", "4", "6")),
    )
    resolve: str = field(
        default="",
        metadata=_rule(
            Kind.TEXT, "Addresses in place of look-ups, parted by blanks: HOST:PORT:ADDRESS."
        ),
    )
    http2: bool = field(
        default=False,
        metadata=_rule(Kind.FLAG, "Offer HTTP/2; it needs the package that tui-dl[http2] names."),
    )
    user_agent: str = field(
        default="",
        metadata=_rule(Kind.TEXT, "User-Agent to send; empty is tui-dl's own."),
    )
    ca_certificate: str = field(
        default="",
        metadata=_rule(Kind.PATH, "PEM file of trusted roots; empty is the system's store."),
    )
    check_certificate: bool = field(
        default=True, metadata=_rule(Kind.FLAG, "Refuse servers whose certificate is not valid.")
    )
    netrc: bool = field(
        default=True, metadata=_rule(Kind.FLAG, "Look for logins in the netrc file.")
    )
    netrc_path: str = field(
        default="", metadata=_rule(Kind.PATH, "The netrc file; empty is ~/.netrc.")
    )
    certificate: str = field(
        default="",
        metadata=_rule(
            Kind.PATH, "Your own certificate (PEM); only the host of a download's URL gets it."
        ),
    )
    private_key: str = field(
        default="", metadata=_rule(Kind.PATH, "Its key (PEM), if that is another file.")
    )


@dataclass(frozen=True, slots=True)
class Api:
    """The remote port."""

    enabled: bool = field(
        default=True, metadata=_rule(Kind.FLAG, "Let other programs steer tui-dl over a port.")
    )
    host: str = field(
        default="127.0.0.1", metadata=_rule(Kind.TEXT, "Address that the port is bound to.")
    )
    port: int = field(
        default=1700, metadata=_rule(Kind.COUNT, "First port that is tried.", low=1, high=65_535)
    )
    rpc_port: int = field(
        default=0,
        metadata=_rule(
            Kind.COUNT, "A second port, such as aria2's 6800; 0 is none.", low=0, high=65_535
        ),
    )
    public: bool = field(
        default=False,
        metadata=_rule(Kind.FLAG, "Allow a host that other machines can reach, unencrypted."),
    )
    origins: str = field(
        default="",
        metadata=_rule(
            Kind.TEXT,
            "Web origins that may call, parted by blanks, such as https://ariang.example.org.",
        ),
    )
    hosts: str = field(
        default="",
        metadata=_rule(
            Kind.TEXT, "More names that clients may call this host by, parted by blanks."
        ),
    )
    folders: str = field(
        default="",
        metadata=_rule(
            Kind.TEXT,
            "More folders that clients may write to, parted by colons; "
            "the home and the download folder always are.",
        ),
    )


@dataclass(frozen=True, slots=True)
class Jobs:
    """Downloads that clients of the job queue add."""

    connect_timeout_s: float = field(
        default=30.0,
        metadata=_rule(
            Kind.SECONDS, "Longest wait for a connection of a queued job.", low=1, high=600
        ),
    )
    idle_timeout_s: float = field(
        default=60.0,
        metadata=_rule(Kind.SECONDS, "Longest silence of a queued job.", low=1, high=3600),
    )
    overall_timeout_s: float = field(
        default=1800.0,
        metadata=_rule(
            Kind.SECONDS, "Longest time of a queued job from its start.", low=1, high=604_800
        ),
    )


@dataclass(frozen=True, slots=True)
class Files:
    """Downloads that clients of the files interface add."""

    allow_download: bool = field(
        default=True,
        metadata=_rule(Kind.FLAG, "Let clients of the files interface download."),
    )
    allow_domains: str = field(
        default="",
        metadata=_rule(
            Kind.TEXT,
            "The only hosts that they may download from, such as example.org; empty is all.",
        ),
    )
    block_domains: str = field(
        default="",
        metadata=_rule(Kind.TEXT, "Hosts that they may not download from."),
    )
    timeout_s: float = field(
        default=300.0,
        metadata=_rule(
            Kind.SECONDS, "Longest time of their downloads that name none.", low=1, high=604_800
        ),
    )


@dataclass(frozen=True, slots=True)
class Ui:
    """How the app looks."""

    theme: str = field(
        default="", metadata=_rule(Kind.TEXT, "Name of a theme; empty is the app's own choice.")
    )
    keys: str = field(
        default="",
        metadata=_rule(
            Kind.KEYS, "Other keys, parted by blanks, such as list.add=i download.pause=f2."
        ),
    )
    bell: bool = field(
        default=False,
        metadata=_rule(Kind.FLAG, "Ring the terminal's bell when a download ends."),
    )
    title: bool = field(
        default=True,
        metadata=_rule(Kind.FLAG, "Show the total progress in the terminal's title."),
    )
    preview: bool = field(
        default=True,
        metadata=_rule(Kind.FLAG, "Ask for name and size of a link before it is added."),
    )
    notify: str = field(
        default="off",
        metadata=_rule(
            Kind.TEXT,
            "How to tell outside the app that a download ended: osc9 or osc777 to the "
            "terminal, desktop by notify-send.",
            choices=("off", "osc9", "osc777", "desktop"),
        ),
    )
    clipboard: bool = field(
        default=True,
        metadata=_rule(Kind.FLAG, "Offer links in the clipboard when the app gets the focus."),
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All sections, each with a default for every field."""

    downloads: Downloads = Downloads()
    queue: Queue = Queue()
    after: After = After()
    network: Network = Network()
    api: Api = Api()
    jobs: Jobs = Jobs()
    files: Files = Files()
    ui: Ui = Ui()


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting: its place, its rule and its default."""

    section: str
    name: str
    rule: Rule
    default: Value

    @property
    def key(self) -> str:
        """The dotted name that ``--set`` takes."""
        return f"{self.section}.{self.name}"


def entries() -> Iterator[Entry]:
    """Yield every setting, in the order of the file."""
    defaults = Settings()
    for part in fields(Settings):
        section = getattr(defaults, part.name)
        for item in fields(section):
            rule: Rule = item.metadata["rule"]
            yield Entry(part.name, item.name, rule, getattr(section, item.name))
