"""The Surge dialect: REST and server-sent events as Surge 0.12 speaks them."""
