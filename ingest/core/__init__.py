"""What everything else stands on: errors, storage, partitions, types, expressions, the clock."""
