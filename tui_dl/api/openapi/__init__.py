"""The port's own description as an OpenAPI 3.1 document."""
