"""The one contract that front ends talk to, with a local and a remote form."""
