"""HTTP on the wire: connections, replies, redirects, credentials, host gates."""
