"""What SQL sources consist of: a snapshot, what is selected from it, columns, ranges of keys."""
