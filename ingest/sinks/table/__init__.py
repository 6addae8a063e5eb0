"""What the Delta sink consists of: a table's log, its columns, and what a run does to it."""
