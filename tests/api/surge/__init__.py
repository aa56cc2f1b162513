"""Tests of the Surge dialect."""
