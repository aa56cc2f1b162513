"""tui-dl: a terminal download manager. The layers are drawn in CONTRIBUTING.md."""

__version__ = "0.1.0"
