"""What survives a crash: catalog, journal, part files, the instance lock."""
