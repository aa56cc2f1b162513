"""``python -m tui_dl``: the same entry point as the console script."""

from tui_dl.cli.main import script

if __name__ == "__main__":
    script()
