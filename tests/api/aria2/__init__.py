"""Tests of the aria2 dialect: the pure parts, a real server, and aria2's own clients."""
