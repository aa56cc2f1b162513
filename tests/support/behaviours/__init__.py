"""Ready behaviours of the fault server. Each is a function of an exchange, or makes one."""
