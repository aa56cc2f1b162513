"""Tests of the port: real sockets, the real engine, and clients that misbehave."""
