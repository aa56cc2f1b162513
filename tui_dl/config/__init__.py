"""Settings and paths. Knows nothing of downloads."""
