"""A prefix of a bucket as the place of a directory sink."""
