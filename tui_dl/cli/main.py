"""The entry point. Owns the way from an error to a sentence and an exit code.

``--version`` is answered before anything else is imported: it is what scripts and shell
prompts call. Must not hold commands.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def script() -> None:
    """Be the whole process: run its command line and end it.

    Once everything is saved, closed and written out, taking the interpreter to pieces would
    only cost time (25 to 50 ms of CPU measured). Not while a thread is still at work.
    """
    from tui_dl.cli.garbage import look_seldom

    look_seldom()
    sys.excepthook = _tell_crash
    code = main()
    threading = sys.modules.get("threading")
    if threading is None or not any(
        not thread.daemon and thread is not threading.main_thread()
        for thread in threading.enumerate()
    ):
        _end_now(code)
    sys.exit(code)


def _tell_crash(kind: type[BaseException], error: BaseException, _: object) -> None:
    """Print the traceback of a mistake of ours without a link's secrets (trap S7)."""
    import traceback

    from tui_dl.domain.display import display_text
    from tui_dl.domain.redaction import redacted_text

    for line in redacted_text("".join(traceback.format_exception(error))).splitlines():
        sys.stderr.write(f"{display_text(line)}\n")


def _end_now(code: int) -> None:
    """End the process without a way back, unless something could not be written out."""
    import os

    logging = sys.modules.get("logging")
    if logging is not None:
        logging.shutdown()
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, ValueError):
        return  # the usual end reports what is wrong with them
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    if args == ["--version"]:
        from tui_dl import __version__

        sys.stdout.write(f"tui-dl {__version__}\n")
        return 0
    try:
        return _run(args)
    except KeyboardInterrupt:
        # Before or after the part that listens to signals itself: nothing to save there.
        return 130


def _run(args: list[str]) -> int:
    import click

    from tui_dl.cli.console import Console
    from tui_dl.cli.exit_codes import ExitCode, code_of_error
    from tui_dl.cli.group import cli
    from tui_dl.domain.errors import TuiDlError

    console = Console()
    try:
        code = cli.main(args=args, prog_name="tui-dl", standalone_mode=False)
        return int(code or 0)
    except click.UsageError as error:
        path = error.ctx.command_path.strip() if error.ctx is not None else "tui-dl"
        console.say(f"tui-dl: {error.format_message()} See {path} --help.")
        return ExitCode.USAGE
    except click.ClickException as error:
        console.say(f"tui-dl: {error.format_message()}")
        return ExitCode.USAGE
    except click.Abort:
        return ExitCode.INTERRUPT
    except TuiDlError as error:
        console.say(f"tui-dl: {error.message}")
        return code_of_error(error.code)
    finally:
        console.close()
