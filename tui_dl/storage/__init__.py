"""Bytes on disk: the part file, the journal, the catalog and the lock. No network, no asyncio."""
