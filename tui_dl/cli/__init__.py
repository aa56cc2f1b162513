"""Commands, output formats and exit codes."""
