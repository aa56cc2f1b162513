"""Our own dialect below ``/tui-dl``: the whole service contract over HTTP."""
