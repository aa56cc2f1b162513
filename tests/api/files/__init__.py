"""Tests of the files dialect: the pure parts, and a real server with a real origin."""
