"""The settings: one dataclass per section, one rule per field.

Owns names, defaults, ranges and the sentence that explains each field. Must not read
or write files: that is ``store.py``. A field's rule is all that a settings screen,
the loader and ``--set`` need to know about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, fields

from tui_dl.config.rules import Kind, Rule, Value, rule
from tui_dl.config.served import Api, Files, Jobs
from tui_dl.domain.categories import parse_categories
from tui_dl.domain.host_limits import parse_host_limits
from tui_dl.domain.quick_dataclass import dataclass
from tui_dl.domain.retry_rules import parse_retry_rules
from tui_dl.domain.schedule import parse_schedule


@dataclass(frozen=True, slots=True)
class Downloads:
    """How files are fetched."""

    directory: str = field(
        default="",
        metadata=rule(Kind.PATH, "Folder of the app's new downloads; empty is the system's own."),
    )
    slots: int = field(
        default=3, metadata=rule(Kind.COUNT, "Downloads that run at once.", low=1, high=100)
    )
    connections: int = field(
        default=16, metadata=rule(Kind.COUNT, "Most connections to one host.", low=1, high=64)
    )
    limit: int = field(
        default=0,
        metadata=rule(
            Kind.SIZE, "Bytes per second of all downloads together; 0 is unlimited.", low=0
        ),
    )
    limit_each: int = field(
        default=0,
        metadata=rule(
            Kind.SIZE, "Bytes per second of each download that names none; 0 is unlimited.", low=0
        ),
    )
    max_tries: int = field(
        default=8,
        metadata=rule(
            Kind.COUNT, "Tries in a row without progress; 0 is endless.", low=0, high=10_000
        ),
    )
    timeout_s: float = field(
        default=30.0,
        metadata=rule(Kind.SECONDS, "Longest silence on a connection.", low=1, high=3600),
    )
    connect_timeout_s: float = field(
        default=15.0,
        metadata=rule(Kind.SECONDS, "Longest wait for a connection.", low=1, high=600),
    )
    retry_max_s: float = field(
        default=20.0,
        metadata=rule(Kind.SECONDS, "Longest pause between two tries.", low=1, high=86_400),
    )
    min_free: int = field(
        default=0,
        metadata=rule(Kind.SIZE, "Space that stays free: below it downloads pause.", low=0),
    )
    remote_time: bool = field(
        default=False,
        metadata=rule(Kind.FLAG, "Give finished files the server's date."),
    )
    mark_origin: bool = field(
        default=False,
        metadata=rule(
            Kind.FLAG, "Note in extended attributes of finished files where they came from."
        ),
    )
    resume: bool = field(
        default=True,
        metadata=rule(Kind.FLAG, "Run again at start what ran at the last stop."),
    )


@dataclass(frozen=True, slots=True)
class Queue:
    """When downloads run, and how patient they are."""

    schedule: str = field(
        default="",
        metadata=rule(
            Kind.TEXT,
            "Limits by the time of day, the last rule that fits wins: "
            "23:00-07:00 full; 07:00-23:00 1M; mon-fri 09:00-17:00 pause.",
            read=parse_schedule,
        ),
    )
    hosts: str = field(
        default="",
        metadata=rule(
            Kind.TEXT,
            "What single hosts may: example.org slots=1 limit=2M; *.example.net limit=500k.",
            read=parse_host_limits,
        ),
    )
    retries: str = field(
        default="",
        metadata=rule(
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
        metadata=rule(
            Kind.TEXT,
            "Where files of the default folder go by their names: "
            "films = *.mkv *.mp4 -> ~/Films; images = *.iso -> /srv/images.",
            read=parse_categories,
        ),
    )
    move_to: str = field(
        default="",
        metadata=rule(
            Kind.PATH, "Folder that finished files of the default folder go to; empty: they stay."
        ),
    )
    unpack: bool = field(
        default=False,
        metadata=rule(
            Kind.FLAG,
            "Unpack finished archives (zip, tar, 7z, rar) into a folder of their own.",
        ),
    )
    on_complete: str = field(
        default="",
        metadata=rule(
            Kind.WORDS, "Program to run when a download is done, and its words; no shell."
        ),
    )
    on_failure: str = field(
        default="",
        metadata=rule(Kind.WORDS, "Program to run when a download failed for good."),
    )
    hook_timeout_s: float = field(
        default=60.0,
        metadata=rule(Kind.SECONDS, "Longest run of such a program.", low=1, high=86_400),
    )


@dataclass(frozen=True, slots=True)
class Network:
    """How the net is reached."""

    proxy: str = field(
        default="",
        metadata=rule(
            Kind.TEXT,
            "Proxy for everything; empty lets http_proxy, https_proxy and no_proxy decide.",
        ),
    )
    proxy_rules: str = field(
        default="",
        metadata=rule(
            Kind.TEXT,
            "Proxies by host, parted by blanks, such as *.corp=socks5://p:1080 10.0.0.0/8=direct.",
        ),
    )
    no_proxy: str = field(
        default="",
        metadata=rule(Kind.TEXT, "Hosts, domains and networks without a proxy, parted by commas."),
    )
    interface: str = field(
        default="",
        metadata=rule(
            Kind.TEXT, "Network interface, or address of this machine, to leave by; empty is any."
        ),
    )
    ip_version: str = field(
        default="both",
        metadata=rule(Kind.CHOICE, "IP version: both, 4 or 6.", choices=("both", "4", "6")),
    )
    resolve: str = field(
        default="",
        metadata=rule(
            Kind.TEXT, "Addresses in place of look-ups, parted by blanks: HOST:PORT:ADDRESS."
        ),
    )
    http2: bool = field(
        default=False,
        metadata=rule(Kind.FLAG, "Offer HTTP/2; it needs the package that tui-dl[http2] names."),
    )
    user_agent: str = field(
        default="",
        metadata=rule(Kind.TEXT, "User-Agent to send; empty is tui-dl's own."),
    )
    ca_certificate: str = field(
        default="",
        metadata=rule(Kind.PATH, "PEM file of trusted roots; empty is the system's store."),
    )
    check_certificate: bool = field(
        default=True, metadata=rule(Kind.FLAG, "Refuse servers whose certificate is not valid.")
    )
    netrc: bool = field(
        default=True, metadata=rule(Kind.FLAG, "Look for logins in the netrc file.")
    )
    netrc_path: str = field(
        default="", metadata=rule(Kind.PATH, "The netrc file; empty is ~/.netrc.")
    )
    certificate: str = field(
        default="",
        metadata=rule(
            Kind.PATH, "Your own certificate (PEM); only the host of a download's URL gets it."
        ),
    )
    private_key: str = field(
        default="", metadata=rule(Kind.PATH, "Its key (PEM), if that is another file.")
    )


@dataclass(frozen=True, slots=True)
class Ui:
    """How the app looks."""

    theme: str = field(
        default="", metadata=rule(Kind.TEXT, "Name of a theme; empty is the app's own choice.")
    )
    keys: str = field(
        default="",
        metadata=rule(
            Kind.KEYS, "Other keys, parted by blanks, such as list.add=i download.pause=f2."
        ),
    )
    bell: bool = field(
        default=False,
        metadata=rule(Kind.FLAG, "Ring the terminal's bell when a download ends."),
    )
    title: bool = field(
        default=True,
        metadata=rule(Kind.FLAG, "Show the total progress in the terminal's title."),
    )
    preview: bool = field(
        default=True,
        metadata=rule(Kind.FLAG, "Ask for name and size of a link before it is added."),
    )
    notify: str = field(
        default="off",
        metadata=rule(
            Kind.TEXT,
            "How to tell outside the app that a download ended: osc9 or osc777 to the "
            "terminal, desktop by notify-send.",
            choices=("off", "osc9", "osc777", "desktop"),
        ),
    )
    clipboard: bool = field(
        default=True,
        metadata=rule(Kind.FLAG, "Offer links in the clipboard when the app gets the focus."),
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
            found: Rule = item.metadata["rule"]
            yield Entry(part.name, item.name, found, getattr(section, item.name))
