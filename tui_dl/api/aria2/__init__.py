"""The aria2 JSON-RPC dialect: requests of aria2's clients in, the service's answers out."""
