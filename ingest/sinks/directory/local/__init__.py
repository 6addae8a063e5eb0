"""A folder of a local disk as the place of a directory sink."""
