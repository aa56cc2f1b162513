"""Every way a server lies, against the real engine. See the table that the run prints."""
