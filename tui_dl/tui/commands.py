"""The command palette: every key that works here, by its name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.dom import DOMNode


class KeyCommands(Provider):
    """Offer the active bindings of the screen under the palette."""

    async def discover(self) -> Hits:
        """List them all."""
        for node, binding in self._bindings():
            run = partial(self.app.run_action, binding.action, node)
            yield DiscoveryHit(binding.description, run, help=self._help(binding))

    async def search(self, query: str) -> Hits:
        """List those whose name matches."""
        matcher = self.matcher(query)
        for node, binding in self._bindings():
            score = matcher.match(binding.description)
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(binding.description),
                    partial(self.app.run_action, binding.action, node),
                    help=self._help(binding),
                )

    def _bindings(self) -> Iterator[tuple[DOMNode, Binding]]:
        seen: set[str] = set()
        for node, binding, enabled, _ in self.screen.active_bindings.values():
            offered = binding.id is not None and enabled and binding.action not in seen
            if offered and binding.id not in HIDDEN:
                seen.add(binding.action)
                yield node, binding

    def _help(self, binding: Binding) -> str:
        key = self.app.get_key_display(binding)
        return f"{binding.tooltip}  ({key})" if binding.tooltip else f"key {key}"


HIDDEN = frozenset(
    ("list.up", "list.down", "list.page_up", "list.page_down", "list.first", "list.last")
)
"""Moving the cursor by name helps nobody."""
