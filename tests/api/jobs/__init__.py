"""Tests of the job-queue dialect: the pure parts, and a real server with a real origin."""
