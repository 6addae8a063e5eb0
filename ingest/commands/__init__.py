"""The commands: one module each, and what they share. Here the parts of a run meet."""
