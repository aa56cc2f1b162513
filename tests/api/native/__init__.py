"""Tests of our own dialect."""
