"""The download engine: queue, jobs, workers, verification. Owns a thread and a loop."""
