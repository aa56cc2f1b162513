"""Widgets of our own: each paints lines and posts messages, none talks to the service."""
