"""The command tree: what the first word means, and loading one command at a time.

``tui-dl ls`` is a command, ``tui-dl http://...`` opens the app with that address, and
``tui-dl -- ls`` opens it with the address "ls" (which is then refused as a URL).
"""

from __future__ import annotations

from importlib import import_module

import click

from tui_dl import __version__
from tui_dl.cli.options import SHARED_NAMES, SHARED_SWITCHES

COMMANDS = {
    "get": "Download in the foreground, without the app.",
    "serve": "Run the engine and its port without a screen.",
    "connect": "Open the app on an engine that runs elsewhere.",
    "add": "Add downloads to the tui-dl that runs.",
    "ls": "List the downloads.",
    "pause": "Pause downloads.",
    "resume": "Run stopped downloads again.",
    "retry": "Try failed downloads again.",
    "rm": "Take downloads off the list.",
    "move": "Change the order of the queue, or the folder of a file.",
    "priority": "Let downloads start before or after others.",
    "rename": "Give a download and its file another name.",
    "export": "Write the queue as JSON.",
    "import": "Add an exported queue.",
    "limit": "Limit the rate of one download, or of all.",
    "refresh": "Give a download a new link.",
    "history": "List what is completed.",
    "verify": "Check finished files against their digests.",
    "token": "Print the token that other programs need.",
    "service": "Run serve in the background, from login to login.",
    "man": "Print the manual page.",
    "doctor": "Show paths, versions, and what is wrong.",
}
"""Name -> the line in ``--help``. Module ``tui_dl.cli.NAME`` holds ``command``."""

_MODULES = {"import": "importing"}
"""Names that cannot be those of modules."""

APP = "app"
"""Not a word of the command line: what runs when no command is named."""


class TuiDlGroup(click.Group):
    """Finds the command among the first words and imports only that one's module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names for ``--help``, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name != APP and cmd_name not in COMMANDS:
            return None
        module = import_module(f"tui_dl.cli.{_MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; the app has no name in usage lines."""
        name, command, rest = super().resolve_command(ctx, args)
        return ("" if name == APP else name), command, rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the app's flags, which are the group's own to the user, then the commands."""
        rows = [("--version", "Show the version and exit.")]
        app = self.get_command(ctx, APP)
        if app is not None:
            records = (param.get_help_record(ctx) for param in app.get_params(ctx))
            rows = [record for record in records if record is not None] + rows
        with formatter.section("Options"):
            formatter.write_dl(rows)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands out of the table, so that help imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command's name first, or the app's when no command is named."""
        if args and args[0] in ("-h", "--help", "--version"):
            return super().parse_args(ctx, args)
        if ctx.resilient_parsing and not args:
            return super().parse_args(ctx, args)  # a shell completes the first word
        return super().parse_args(ctx, route(args))


def route(args: list[str]) -> list[str]:
    """Return ``args`` with the command's name in front.

    Only flags that every command takes may stand before a command's name.
    """
    at = 0
    while at < len(args):
        name, equals, _ = args[at].partition("=")
        if name not in SHARED_NAMES + SHARED_SWITCHES:
            break
        at += 1 if equals or name in SHARED_SWITCHES else 2
    if at < len(args) and args[at] in COMMANDS:
        return [args[at], *args[:at], *args[at + 1 :]]
    return [APP, *args]


@click.command(
    cls=TuiDlGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    options_metavar="[OPTIONS]",
    subcommand_metavar="[URL]... | COMMAND",
)
@click.version_option(__version__, prog_name="tui-dl", message="%(prog)s %(version)s")
def cli() -> None:
    """Download files. Without a command the app opens."""
