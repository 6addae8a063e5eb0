"""What SQL sources consist of: a snapshot that is held, columns and their types, ranges of keys."""
