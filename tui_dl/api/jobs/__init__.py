"""The job-queue dialect: a queue of at most 100 jobs with a stream of its changes."""
