"""``python -m tui_dl``: the same entry point as the console script."""

import sys

from tui_dl.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
