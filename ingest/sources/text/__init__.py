"""What sources of text share: encodings, ranges of bytes, lines, quotes, and rejects."""
